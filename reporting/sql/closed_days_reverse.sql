DROP TRIGGER closed_day_stays ON reporting_businessday;
DROP FUNCTION reporting_closed_day_stays;
