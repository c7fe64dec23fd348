FROM node:24-bookworm-slim AS build
WORKDIR /holdfast
COPY package.json package-lock.json tsconfig.json ./
RUN ["npm", "ci", "--no-audit", "--no-fund"]
COPY src ./src
RUN ["npm", "run", "build"]
RUN ["npm", "prune", "--omit=dev", "--no-audit", "--no-fund"]

FROM gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="One host:port in front of Redis Sentinel that no client notices failing over" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOLDFAST_LISTEN=0.0.0.0:6379 \
    HOLDFAST_ADMIN=0.0.0.0:9379
WORKDIR /holdfast
COPY --from=build /holdfast/node_modules ./node_modules
COPY --from=build /holdfast/dist ./dist
COPY package.json ./
COPY config ./config
USER nonroot
EXPOSE 6379 9379
# Alive, not ready: a container that waits for Redis must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/nodejs/bin/node", "dist/main.js", "status", "--quiet"]
# The base image's entry point is node. Signals reach it directly, because nothing stands between.
CMD ["--enable-source-maps", "dist/main.js"]
