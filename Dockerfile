# millrace serve in a container. Build: docker build -t millrace .   Run: docker run -p 127.0.0.1:4567:4567 -v millrace:/data millrace
FROM node:20-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /millrace
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
# docker stop kills after ten seconds: what is under way has eight, the rest is for closing the store.
ENV NODE_ENV=production MILLRACE_GRACE_SECONDS=8
WORKDIR /millrace
COPY --from=build /millrace/package.json ./
COPY --from=build /millrace/node_modules ./node_modules
COPY --from=build /millrace/dist ./dist
COPY --from=build /millrace/build/Release/*.node ./build/Release/
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4567
# What follows the image's name in docker run adds to this, and wins over it.
# Whoever can reach a published port may do everything, unless --credentials is added: publish it to 127.0.0.1, or ask.
ENV MILLRACE_DIR=/data MILLRACE_HOST=0.0.0.0 MILLRACE_INSECURE=1
ENTRYPOINT ["node", "dist/cli/main.js", "serve"]
