# Two images from this tree, for docker-compose.yml:
#   e3        the process that holds the keys
#   postgres  PostgreSQL 15 with the extension, preloaded
ARG BASE=debian:bookworm-slim

# Users with fixed ids, so that both containers agree about the socket: it
# belongs to e3, and the group evcrypt may connect.
FROM ${BASE} AS base
RUN groupadd --gid 5433 evcrypt \
	&& useradd --uid 5433 --gid evcrypt --no-create-home --home-dir /nonexistent \
		--shell /usr/sbin/nologin e3 \
	&& groupadd --gid 5432 postgres \
	&& useradd --uid 5432 --gid postgres --groups evcrypt --home-dir /var/lib/postgresql \
		--create-home postgres \
	&& install -d -o e3 -g evcrypt -m 0750 /run/evcrypt

FROM base AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	gcc libc6-dev make libssl-dev libinih-dev libseccomp-dev libcjose-dev libjansson-dev libcbor-dev libmsgpack-dev postgresql-server-dev-15 libpq-dev libsecp256k1-dev \
	$([ "$(dpkg --print-architecture)" != amd64 ] || echo libipsec-mb-dev)
COPY . /evcrypt
RUN make -C /evcrypt -j"$(nproc)" install DESTDIR=/installed

FROM base AS e3
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		libssl3 libinih1 libseccomp2 libcjose0 libjansson4 libsecp256k1-1 \
		$([ "$(dpkg --print-architecture)" != amd64 ] || echo libipsec-mb1) \
	&& rm -rf /var/lib/apt/lists/* \
	&& install -d -o e3 -g evcrypt -m 0700 /var/lib/evcrypt \
	&& install -d -m 0700 /authority \
	&& install -d /tls
COPY --from=build /installed/usr/local/bin/e3 /installed/usr/local/bin/e3ctl /usr/local/bin/
COPY docker/e3.conf /etc/evcrypt/e3.conf
COPY docker/e3-start docker/certs-start /usr/local/bin/
USER e3
VOLUME /var/lib/evcrypt
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["e3ctl", "health"]
CMD ["e3-start"]

FROM base AS postgres
RUN install -d /etc/postgresql-common \
	&& echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
	&& apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		postgresql-15 libcbor0.8 \
	&& rm -rf /var/lib/apt/lists/* \
	&& install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data \
	&& install -d -o postgres -g postgres -m 0755 /run/postgresql
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY --from=build /installed/usr/lib/postgresql/ /usr/lib/postgresql/
COPY --from=build /installed/usr/share/postgresql/ /usr/share/postgresql/
COPY --from=build /installed/usr/local/bin/evcrypt /usr/local/bin/
COPY docker/postgres-start /usr/local/bin/
USER postgres
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["pg_isready", "-q", "-h", "/run/postgresql"]
CMD ["postgres-start"]
