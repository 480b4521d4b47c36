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
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev binutils
COPY app app
COPY seed seed
COPY probe probe
RUN /venv/bin/vapic probe pack /vapic-probe.pyz

FROM python:3.13-slim
RUN useradd --system --create-home --uid 10001 vapic && mkdir /data && chown vapic /data
WORKDIR /app
COPY --from=packages /venv /venv
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY templates templates
COPY static static
COPY migrations migrations
COPY seed seed
COPY --from=assets /src/node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
COPY --from=probe /vapic-probe.pyz vapic-probe.pyz
USER vapic
ENV VAPIC_PROBE_FILE=/app/vapic-probe.pyz DATABASE_URL=sqlite:////data/vapic.db HOST=0.0.0.0 PATH=/venv/bin:$PATH
VOLUME /data
EXPOSE 8000
# It listens to everybody, so it has to be told what it is called: -e VAPIC_BASE_URL=https://vapic.example.org
CMD ["vapic", "serve", "--prepare"]
