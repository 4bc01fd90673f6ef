#!/bin/sh
# Asks the registry for the digests of the images that docker-compose.yml names, and writes them into .env: from then on Compose builds on
# and runs these very images, whatever their tags come to mean. Run it again to take newer ones.
set -eu
cd "${FOLDER:-$(dirname "$0")/..}"
touch .env
for name in NODE_IMAGE POSTGRES_IMAGE REDIS_IMAGE; do
  image=$(sed -n "s/.*\${$name:-\([^}]*\)}.*/\1/p" docker-compose.yml)
  digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
  case $digest in
  sha256:????????????????????????????????????????????????????????????????) ;;
  *) echo "pin-images: expected a digest of $image, got ${digest:-nothing}" >&2 && exit 1 ;;
  esac
  sed -i "/^$name=/d" .env
  echo "$name=$image@$digest" >>.env
  echo "$name=$image@$digest"
done
