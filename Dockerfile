# htmx by its lock file
FROM node:22-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# Python packages by hash
FROM python:3.13-slim AS packages
WORKDIR /app
COPY pyproject.toml README.md requirements.txt ./
COPY app/__init__.py app/__init__.py
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .

# The probe that the site gives away
FROM packages AS probe
# What the suite has: the probe is the same bytes for the same compiler, and says which that was.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev binutils \
 && rm -rf /var/lib/apt/lists/*
COPY app app
COPY seed seed
COPY probe probe
RUN /venv/bin/vapic probe pack /vapic-probe.pyz

FROM python:3.13-slim
RUN useradd --system --create-home --uid 10001 vapic && mkdir /data && chown vapic /data
WORKDIR /app
COPY --from=packages /venv /venv
COPY pyproject.toml README.md LICENSE requirements.txt ./
COPY app app
COPY templates templates
COPY static static
COPY migrations migrations
COPY seed seed
COPY --from=assets /src/node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
COPY --from=probe /vapic-probe.pyz vapic-probe.pyz
# Nothing but /data is written to later, not even what Python compiles.
RUN /venv/bin/python -m compileall -q app migrations
USER 10001
ENV VAPIC_PROBE_FILE=/app/vapic-probe.pyz DATABASE_URL=sqlite:////data/vapic.db HOST=0.0.0.0 PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 VAPIC_LOG=json
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Beyond this machine it wants to be told its address: run it with -e VAPIC_BASE_URL=https://...
CMD ["vapic", "serve", "--prepare"]
