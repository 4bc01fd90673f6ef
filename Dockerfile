# One image for every process; the command says which (see docker-compose.yml). On the current LTS of Node; `npm run smoke` tries it.
# The tag is what we know of the base; deploy/pin-images.sh asks the registry for its digest and has Compose build on that.

ARG NODE_IMAGE=node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY .swcrc tsconfig.json ./
COPY tools tools
COPY apps apps
COPY libs libs
COPY migrations migrations
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY deploy/alive.mjs deploy/alive.mjs
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# `node` by its number: Kubernetes can then see that it isn't root.
USER 1000:1000
# Whether the process of CMD lives; who starts another one names that. A store that is away is no reason to restart it: it waits, and /readyz says for what.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "deploy/alive.mjs", "api"]
CMD ["node", "dist/apps/api/src/main.js"]
