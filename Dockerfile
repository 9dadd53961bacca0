# The engine in a small image. Build: docker build -t callahead .
FROM rust:1.95-bookworm AS build
WORKDIR /build
# What is built and shipped, and nothing else of the folder: no secret gets into a layer.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY src src
COPY prompts prompts
COPY schedules schedules
COPY demo demo
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked && cp target/release/callahead /usr/local/bin/callahead && mkdir /empty

# glibc and libgcc of the Debian that it was built on, and the authorities' certificates, by which carriers' servers are known: all
# that the program needs (ldd callahead), and no shell, no package manager, nothing else that would have to be kept up to date.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/callahead /usr/bin/callahead
COPY --from=build /build/prompts /usr/share/callahead/prompts
COPY --from=build /build/schedules /usr/share/callahead/schedules
# For a SQLite store, which the defaults name: mount a volume there.
COPY --from=build --chown=65532:65532 /empty /var/lib/callahead
USER 65532:65532
WORKDIR /var/lib/callahead
ENV CALLAHEAD_PROMPTS=/usr/share/callahead/prompts \
    CALLAHEAD_SCHEDULES=/usr/share/callahead/schedules \
    CALLAHEAD_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --retries=6 --start-period=30s CMD ["callahead", "health"]
ENTRYPOINT ["callahead"]
CMD ["serve"]
