#!/bin/sh
# Makes what docker-compose.yml needs: passwords and keys in ./secrets, and .env. What is there stays as it is, so it can be run again.
#   sh deploy/set-up.sh               for VOD: the access key goes into secrets/access-key-id and secrets/access-key-secret
#   sh deploy/set-up.sh --emulator    for the emulator
# FOLDER: where to make them, if not beside docker-compose.yml.
set -eu
case "${1-}" in
'' | --emulator) ;;
*) echo "set-up: expected --emulator or nothing, got $1" >&2 && exit 1 ;;
esac
cd "${FOLDER:-$(dirname "$0")/..}"
# Nobody else on this machine gets into the folder. The files are readable in there: in a container they belong to another user.
mkdir -p secrets && chmod 700 secrets

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# VOD wants upper case, lower case and digits, 32 characters at most.
callback_key() { echo "Aa1$(random | cut -c 1-29)"; }

# The value of a secret, unless there is one.
secret() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
}

secret postgres-password "$(random)"
for process in migrate api worker webhook; do
  secret "database-url-$process" "postgres://vodai_login_$process:$(random)@postgres:5432/vodai"
done
secret redis-url "redis://vodai:$(random)@redis:6379"
# Redis gets the hash. Of a Redis elsewhere nobody reads this file.
password=$(sed -n 's#^rediss*://[^:]*:\([^@]*\)@.*#\1#p' secrets/redis-url)
printf 'user default off resetpass\nuser vodai on #%s resetchannels ~{vodai-*}:* +@all -@admin -@dangerous +info\n' \
  "$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)" >secrets/redis-users
chmod 644 secrets/redis-users
secret api-keys "me:admin:$(random)"
secret callback-keys "$(callback_key)"

env() { grep -q "^$1=" .env || echo "$1=$2" >>.env; }
touch .env
if [ "${1-}" = --emulator ]; then
  secret access-key-id emulator
  secret access-key-secret "$(random)"
  env COMPOSE_PROFILES postgres,redis,emulator
  env VOD_ENDPOINT 'http://emulator:3002/{region}'
  env VOD_CALLBACK_URL http://webhook:3001/vod/events
else
  for name in access-key-id access-key-secret; do [ -e "secrets/$name" ] || secret "$name" ''; done
  env COMPOSE_PROFILES postgres,redis
  [ -n "$(cat secrets/access-key-id)" ] || echo 'left to do: the access key, into secrets/access-key-id and secrets/access-key-secret'
  grep -q '^VOD_CALLBACK_URL=.' .env || echo 'left to do: VOD_CALLBACK_URL=<the URL registered at VOD>, into .env'
  echo 'AuthKey at VOD is what secrets/callback-keys has'
fi
echo 'the key for the api is the end of secrets/api-keys: name:role:key'
