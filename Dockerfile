# The program and nothing else: built in one stage, run in another, as nobody in particular. docs/operate.md, "Container".
FROM rust:1.95-slim-bookworm AS build
# A C compiler, for SQLite and parts of the TLS library; the image of Rust brings one.
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p redress && mkdir -p /out/var/lib/redress && cp target/release/redress /out/

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/redress /usr/local/bin/redress
# A new volume takes the owner of this directory.
COPY --from=build --chown=10001:10001 /out/var/lib/redress /var/lib/redress
USER 10001:10001
# The embedded store lies in redress-data below it, unless the settings say otherwise.
WORKDIR /var/lib/redress
VOLUME /var/lib/redress
ENV REDRESS_SERVER_LISTEN=0.0.0.0:8080 \
    REDRESS_SERVER_METRICS_LISTEN=0.0.0.0:9464 \
    REDRESS_SERVER_BEHIND_TLS_PROXY=true
EXPOSE 8080 9464
# One SIGTERM is an orderly end.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/redress"]
CMD ["serve"]
