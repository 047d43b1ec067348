# syntax=docker/dockerfile:1
# Two stages: the first has pip and writes a virtual environment, the second only runs it.
FROM python:3.13-slim-bookworm AS build
# No clock and no chance in what is built: the same lock and sources give the same bytes.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=1767225600
WORKDIR /src
# Without pip: nothing is installed into it later.
RUN python -m venv --without-pip /opt/icp
COPY requirements.lock requirements-build.lock ./
RUN python -m pip --python /opt/icp/bin/python install --require-hashes -r requirements.lock
RUN python -m pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY connectors connectors
COPY config config
COPY sandbox sandbox
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m pip --python /opt/icp/bin/python install --no-deps /wheels/*.whl \
    && /opt/icp/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/icp/lib

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="icp-sync" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /var/lib/icp-sync --create-home icp
COPY --from=build /opt/icp /opt/icp
ENV PATH=/opt/icp/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ICP_DATABASE_URL=sqlite:////var/lib/icp-sync/icp-sync.db \
    ICP_HTTP_ADDRESS=0.0.0.0:8321
USER 10001
WORKDIR /var/lib/icp-sync
VOLUME /var/lib/icp-sync
# Health checks, readiness and metrics; only those who can reach the container see them.
EXPOSE 8321
# Asked without a proxy, which the environment may name for calls to the CRM.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", \
    "import urllib.request as r; \
    r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8321/readyz', timeout=5).read()"]
# The process is PID 1: it handles SIGTERM itself, finishes the batch in hand and leaves.
ENTRYPOINT ["icp"]
CMD ["worker"]
