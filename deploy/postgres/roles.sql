-- The two roles, the database and the extensions. Idempotent; run by a superuser through psql:
--   BACKOFFICE_OWNER_PASSWORD=... BACKOFFICE_APP_PASSWORD=... BACKOFFICE_BACKUP_PASSWORD=... \
--     psql -X -d postgres -f roles.sql
-- backoffice_owner owns the schema and runs migrations. backoffice_app is what web and workers
-- connect as: it owns nothing and can't step round row-level security. backoffice_backup reads
-- everything for pg_dump, which no other role can (row-level security binds the owner too), and
-- restores into databases of its own.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
\getenv owner_password BACKOFFICE_OWNER_PASSWORD
\getenv app_password BACKOFFICE_APP_PASSWORD
\getenv backup_password BACKOFFICE_BACKUP_PASSWORD

SELECT 'CREATE ROLE backoffice_owner'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backoffice_owner') \gexec
SELECT 'CREATE ROLE backoffice_backup'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backoffice_backup') \gexec
SELECT 'CREATE ROLE backoffice_app'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backoffice_app') \gexec

-- CREATEDB: the test suite makes databases of its own.
ALTER ROLE backoffice_owner WITH LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOBYPASSRLS
    PASSWORD :'owner_password';
ALTER ROLE backoffice_app WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS
    PASSWORD :'app_password';
ALTER ROLE backoffice_backup WITH LOGIN NOSUPERUSER CREATEDB NOCREATEROLE BYPASSRLS
    PASSWORD :'backup_password';
GRANT pg_read_all_data TO backoffice_backup;
-- The owner may act as the runtime role (tests do), without gaining anything by it.
GRANT backoffice_app TO backoffice_owner WITH INHERIT FALSE, SET TRUE;
ALTER ROLE backoffice_app SET idle_in_transaction_session_timeout = '5min';

SELECT 'CREATE DATABASE backoffice OWNER backoffice_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'backoffice') \gexec
REVOKE ALL ON DATABASE backoffice FROM PUBLIC;
GRANT CONNECT ON DATABASE backoffice TO backoffice_app, backoffice_backup;
-- What is read from trading servers comes by COPY through temporary tables.
GRANT TEMPORARY ON DATABASE backoffice TO backoffice_app;

\connect backoffice
SET client_min_messages = warning;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO backoffice_app;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
