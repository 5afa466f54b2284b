# Deno itself, at the version that the rest of the project uses.
FROM node:22-bookworm-slim AS deno
WORKDIR /deno
COPY .deno-version ./
RUN npm install "deno@$(cat .deno-version)" \
  && cp "$(node_modules/.bin/deno eval 'console.log(Deno.execPath())')" /usr/local/bin/deno

# Dependencies before sources: they are installed again only when the lock changes.
FROM debian:bookworm-slim AS build
COPY --from=deno /usr/local/bin/deno /usr/local/bin/
WORKDIR /app
COPY deno.json deno.lock ./
COPY frontend/deno.json frontend/
COPY frontend/worker/deno.json frontend/worker/
COPY vendor vendor
RUN deno install --frozen
COPY . .
RUN deno task build

FROM debian:bookworm-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin parley \
  && install --directory --owner=parley --group=parley /data
COPY --from=deno /usr/local/bin/deno /usr/local/bin/
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY deno.json deno.lock main.ts ./
COPY frontend/deno.json frontend/
COPY frontend/worker/deno.json frontend/worker/
COPY chat chat
COPY db db
COPY drizzle drizzle
COPY routes routes
COPY utils utils
COPY vendor vendor
COPY --from=build /app/dist dist

# Where the embedded database lives when there is no DATABASE_URL.
ENV DATA_DIR=/data DENO_NO_UPDATE_CHECK=1
VOLUME /data
USER parley
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD [ \
  "deno", "eval", "--no-config", \
  "const { ok } = await fetch('http://127.0.0.1:' + (Deno.env.get('PORT') || 8000) + '/api/health'); Deno.exit(ok ? 0 : 1)" \
]
# As `deno task start`, with what it may read and write named from the root. No shell in between,
# so that SIGTERM reaches the server.
CMD [ \
  "deno", "run", "--cached-only", "--allow-net", "--allow-env", \
  "--allow-sys=hostname,networkInterfaces", \
  "--allow-read=/app,/data", "--allow-write=/data", \
  "main.ts", "start" \
]
