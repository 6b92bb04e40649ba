# One build of the workspace, two kinds of image:
#
#   docker build --build-arg FUNCTION=rotate-secrets .        a function: one program, no shell, not root
#   docker build --target backup .                            backup, with PostgreSQL's own clients
#
# Bases are named by digest, so that the same commit is the same image next year; tests put others in their place.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082
ARG FUNCTION_IMAGE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG BACKUP_IMAGE=docker.io/library/debian:bookworm-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

FROM ${RUST_IMAGE} AS rust
WORKDIR /src
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN cargo chef --version || cargo install --locked --version 0.1.78 cargo-chef

FROM rust AS plan
COPY . .
# One build for all images: most of what they are made of is the same. PACKAGES builds fewer, where only those are wanted.
ARG PACKAGES=""
# hadolint ignore=SC2086
RUN cargo chef prepare --recipe-path /recipe.json \
    && for manifest in functions/*/Cargo.toml crates/local-gcp/Cargo.toml; do basename "$(dirname "${manifest}")"; done >/packages \
    && if [ -n "${PACKAGES}" ]; then printf '%s\n' ${PACKAGES} >/packages; fi

FROM rust AS build
# Dependencies first: they change less often than we do, and stay in the cache. Of the same packages as below, because others would
# want other features of them, and all would be built anew.
COPY --from=plan /recipe.json /packages /
# hadolint ignore=SC2046
RUN cargo chef cook --locked --release --recipe-path /recipe.json $(sed 's/^/--package /' /packages)
COPY . .
# hadolint ignore=SC2046
RUN cargo build --locked --release $(sed 's/^/--package /' /packages) \
    && mkdir /programs \
    && while read -r package; do strip -o "/programs/${package}" "target/release/${package}"; done </packages

FROM ${BACKUP_IMAGE} AS backup
ARG POSTGRES_MAJORS="13 14 15 16 17 18"
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="nightshift backup" \
      org.opencontainers.image.source="https://github.com/acme/nightshift" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"
# pg_dump refuses a server newer than itself, and what a newer one writes an older server may not read: each major has its own. Those
# that Debian lacks are PostgreSQL's; only an installation, tried or true, fails when one of several packages is unknown.
# hadolint ignore=DL3008,SC2086
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
    && packages=$(printf 'postgresql-client-%s ' ${POSTGRES_MAJORS}) \
    && { apt-get install --simulate --yes --no-install-recommends ${packages} >/dev/null || /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y; } \
    && apt-get install --yes --no-install-recommends ${packages} \
    && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man
COPY --from=build --chown=0:0 /programs/backup /usr/local/bin/program
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/program"]

FROM ${FUNCTION_IMAGE} AS function
ARG FUNCTION=backup
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="nightshift ${FUNCTION}" \
      org.opencontainers.image.source="https://github.com/acme/nightshift" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build --chown=0:0 /programs/${FUNCTION} /program
USER 65532:65532
ENTRYPOINT ["/program"]
