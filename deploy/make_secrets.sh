#!/bin/sh
# Write the secrets that docker-compose.yml hands to the containers, once: what exists is kept.
# The folder is closed to others; the files are open, since containers run as users of their own.
set -eu
folder=$(dirname "$0")/secrets
umask 022
mkdir -p "$folder"
chmod 700 "$folder"

word() { head -c 30 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
keep() { [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"; }
held() { cat "$folder/$1"; }

for name in postgres_password owner_password app_password backup_password redis_password; do
    keep "$name" "$(word)"
done
keep secret_key "$(word)$(word)"
keep field_keys "$(key)"
keep audit_signing_key "$(key)"
keep database_url "postgres://backoffice_app:$(held app_password)@database/backoffice"
keep database_owner_url "postgres://backoffice_owner:$(held owner_password)@database/backoffice"
keep database_backup_url "postgres://backoffice_backup:$(held backup_password)@database/backoffice"
keep redis_url "redis://:$(held redis_password)@redis:6379/0"
# The mail server's, which only you know; an empty one means no sign-in there.
[ -e "$folder/email_password" ] || : >"$folder/email_password"
echo "The secrets are in $folder. Keep a copy of field_keys and audit_signing_key somewhere safe:"
echo "without them encrypted documents can't be read and the audit trail can't be proven."
