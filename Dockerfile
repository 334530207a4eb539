# One image for the four services, the mail catcher and the one-shot tasks: docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/run.txt requirements/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY services services
COPY ops ops
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# By these PDFs are set.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/*
# A new volume takes its owner from the folder that it covers.
RUN useradd --system --uid 10001 --home-dir /nonexistent khokahano \
 && install -d -o khokahano -g khokahano /mail /erasures \
    /secrets /secrets/gateway /secrets/registry /secrets/notifier /secrets/forum /secrets/postgres /secrets/rabbitmq
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /
EXPOSE 8080
STOPSIGNAL SIGTERM
CMD ["khokahano", "--help"]
