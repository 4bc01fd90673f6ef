#!/bin/sh
# A login for each process, by the URLs in SECRETS: a member of the role of its process, and nothing else. The one that migrates owns the
# database. Nobody of them is a superuser. Run as the superuser when the volume is new, and again whenever a password has changed.
set -eu
: "${SECRETS:=/run/secrets}" "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=vodai}"

for process in migrate api worker webhook; do
  file=$SECRETS/database-url-$process
  LOGIN=$(sed -n 's#^postgres\(ql\)\{0,1\}://\([A-Za-z0-9_]*\):[^:@/]*@.*#\2#p' "$file")
  PASSWORD=$(sed -n 's#^postgres\(ql\)\{0,1\}://[A-Za-z0-9_]*:\([A-Za-z0-9_.~-]*\)@.*#\2#p' "$file")
  if [ -z "$LOGIN" ] || [ -z "$PASSWORD" ]; then
    echo "logins: expected postgres://login:password@host:port/name in $file, both of letters, digits and _" >&2
    exit 1
  fi
  # By the environment, because others see the arguments of a program.
  export LOGIN PASSWORD PROCESS="$process"
  psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\getenv login LOGIN
\getenv password PASSWORD
\getenv process PROCESS
select format('create role %I', 'vodai_' || name) from unnest(array['api', 'worker', 'webhook']) as name
 where to_regrole('vodai_' || name) is null \gexec
select format('create role %I', :'login') where to_regrole(quote_ident(:'login')) is null \gexec
alter role :"login" login nosuperuser nocreaterole nocreatedb noreplication nobypassrls password :'password';
select format('grant %I to %I', 'vodai_' || :'process', :'login') where :'process' <> 'migrate' \gexec
select format('alter database %I owner to %I', current_database(), :'login') where :'process' = 'migrate' \gexec
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect on database %I to %I', current_database(), :'login') \gexec
SQL
done
