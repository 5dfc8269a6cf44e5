DROP FUNCTION privacy_scrub, privacy_remove, privacy_write, privacy_table, privacy_check;
