#!/bin/sh
# The database container runs this once, when its volume is empty.
set -eu
BACKOFFICE_OWNER_PASSWORD=$(cat /run/secrets/owner_password)
BACKOFFICE_APP_PASSWORD=$(cat /run/secrets/app_password)
BACKOFFICE_BACKUP_PASSWORD=$(cat /run/secrets/backup_password)
export BACKOFFICE_OWNER_PASSWORD BACKOFFICE_APP_PASSWORD BACKOFFICE_BACKUP_PASSWORD
psql -X --username "$POSTGRES_USER" --dbname postgres --file /etc/backoffice/roles.sql
