#!/bin/sh
# Read each secret NAME from the file that NAME_FILE names, then become the command.
set -eu
for name in SECRET_KEY DATABASE_URL DATABASE_OWNER_URL DATABASE_BACKUP_URL REDIS_URL \
            FIELD_KEYS AUDIT_SIGNING_KEY EMAIL_HOST_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    [ -n "$file" ] || continue
    if [ ! -r "$file" ]; then
        echo "${name}_FILE names $file, which can't be read." >&2
        exit 1
    fi
    value=$(cat "$file")
    export "$name=$value"
done
exec "$@"
