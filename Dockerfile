# Production image: web, worker, beat and one-off commands differ by their command only.
# Nothing secret is in it; deploy/entrypoint.sh reads secrets when a container starts.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY deploy/requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /tmp/requirements.lock

# pg_dump must be as new as the server, and Debian's is older.
FROM postgres:18-trixie AS postgres-programs
RUN mkdir -p /programs/bin /programs/lib \
 && cp -L /usr/lib/postgresql/18/bin/pg_dump /usr/lib/postgresql/18/bin/pg_restore \
          /usr/lib/postgresql/18/bin/psql /programs/bin/ \
 && cp -L /usr/lib/*-linux-gnu/libpq.so.5 /programs/lib/

FROM python:3.13-slim-trixie
ENV PATH=/opt/postgres/bin:/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BACKOFFICE_VAR=/var/lib/backoffice \
    DJANGO_SETTINGS_MODULE=backoffice.settings.production
# The first six draw PDFs, in scripts that our own font lacks too; libpq5 brings what PostgreSQL's programs link to.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
      fonts-noto-core fonts-noto-cjk libpq5 libreadline8 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin backoffice \
 && install -d -o backoffice -g backoffice -m 0750 /var/lib/backoffice
COPY --from=postgres-programs /programs /opt/postgres
RUN echo /opt/postgres/lib > /etc/ld.so.conf.d/00-postgres.conf && ldconfig && pg_dump --version
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
# The values are for this one command: it reads none of them, but the settings insist.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused/unused REDIS_URL=redis://unused/0 \
    ALLOWED_HOSTS=unused FIELD_KEYS=unused AUDIT_SIGNING_KEY=unused \
    python manage.py collectstatic --noinput --verbosity 0 \
 && python -m compileall -q /app
USER backoffice
VOLUME /var/lib/backoffice
EXPOSE 8000
ENTRYPOINT ["/app/deploy/entrypoint.sh"]
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "backoffice.wsgi"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "deploy/healthcheck.py"]
