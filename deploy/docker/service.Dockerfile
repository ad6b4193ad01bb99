# syntax=docker/dockerfile:1
# One file for every service: docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=points-svc .
# The folder is services/$SERVICE, or gateway for SERVICE=gateway.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG SERVICE
ARG UV_VERSION=0.13.9
RUN test -n "$SERVICE" && pip install --no-cache-dir "uv==$UV_VERSION"
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1
WORKDIR /app

# Layer 1: third-party packages, with the hashes of the committed lock. Changes with the lock only.
COPY requirements.lock pyproject.toml ./
COPY shared/pyproject.toml shared/
COPY gateway/pyproject.toml gateway/
COPY deploy/embedded/pyproject.toml deploy/embedded/
COPY services/registry-svc/pyproject.toml services/registry-svc/
COPY services/issuance-svc/pyproject.toml services/issuance-svc/
COPY services/trading-svc/pyproject.toml services/trading-svc/
COPY services/points-svc/pyproject.toml services/points-svc/
COPY scripts/service_lock.py scripts/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv --quiet .venv \
    && python scripts/service_lock.py "$SERVICE" > service.lock \
    && VIRTUAL_ENV=/app/.venv uv pip sync --quiet --require-hashes service.lock

# Layer 2: our own two distributions, in place: a service finds its migrations beside its sources.
COPY shared shared
COPY services services
COPY gateway gateway
RUN --mount=type=cache,target=/root/.cache/uv \
    folder=$([ "$SERVICE" = gateway ] && echo gateway || echo "services/$SERVICE") \
    && VIRTUAL_ENV=/app/.venv uv pip install --quiet --no-deps --editable shared --editable "$folder" \
    && mkdir -p /out/shared "/out/$folder" \
    && cp -a .venv /out/ && cp -a shared/src /out/shared/ && cp -a "$folder/." "/out/$folder/" \
    && rm -rf "/out/$folder/tests"
COPY deploy/kafka/topics.yaml /out/deploy/kafka/topics.yaml
COPY deploy/docker/entrypoint /out/entrypoint

FROM ${PYTHON_IMAGE}
ARG SERVICE
ENV SERVICE=${SERVICE} PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin tanhuitong \
    && install -d -o 10001 -g 10001 /var/lib/tanhuitong/blobs
COPY --from=build /out /app
WORKDIR /app
USER 10001
EXPOSE 8080 9100
ENTRYPOINT ["/app/entrypoint"]
CMD ["api"]
