# The engine in a small image. Build: docker build -t callahead .
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home /var/lib/callahead --create-home callahead
COPY --from=build /build/target/release/callahead /usr/local/bin/callahead
COPY --from=build /build/prompts /usr/share/callahead/prompts
COPY --from=build /build/schedules /usr/share/callahead/schedules
USER callahead
WORKDIR /var/lib/callahead
ENV CALLAHEAD_PROMPTS=/usr/share/callahead/prompts \
    CALLAHEAD_SCHEDULES=/usr/share/callahead/schedules \
    CALLAHEAD_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["callahead"]
CMD ["serve"]
