#!/bin/sh
# build.sh OUTDIR: copies the dashboard to OUTDIR/static/<hash>/ and writes OUTDIR/index.html and
# OUTDIR/docs.html, the reference page of the REST interface.
#
# The hash covers every byte served, so the server may let browsers keep the files for ever. The same
# sources give the same hash. The libraries come from npm by lock file into web/node_modules, once
# for each state of the lock file; after that no network is needed.
set -eu
export LC_ALL=C
umask 022

if [ $# -ne 1 ]; then
    echo "usage: build.sh OUTDIR" >&2
    exit 64
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
web=$(cd "$(dirname "$0")" && pwd)
stage="$out/.stage.$$"
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$stage/files/vendor"

# Two builds of one tree may meet here: each installs aside, and the first to finish puts it in place.
lock=$(sha256sum < "$web/package-lock.json" | cut -d' ' -f1)
installed() {
    [ "$(cat "$web/node_modules/.pitwall-lock" 2>/dev/null || true)" = "$lock" ]
}
if ! installed; then
    mkdir "$stage/npm"
    cp "$web/package.json" "$web/package-lock.json" "$stage/npm/"
    (cd "$stage/npm" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    echo "$lock" > "$stage/npm/node_modules/.pitwall-lock"
    if ! installed; then
        rm -rf "$web/node_modules"
        mv -T "$stage/npm/node_modules" "$web/node_modules" || installed
    fi
fi

mkdir "$stage/files/components" "$stage/files/styles"
for file in "$web"/*.js "$web"/docs.css "$web"/components/* "$web"/styles/*; do
    awk -f "$web/uncomment.awk" "$file" > "$stage/files/${file#"$web"/}"
done
# The maps are not served: without this line developer tools would ask for them.
grep -v '^//# sourceMappingURL=' "$web/node_modules/chart.js/dist/chart.umd.min.js" > "$stage/files/vendor/chart.umd.js"
cp "$web/node_modules/htm/preact/standalone.module.js" "$stage/files/vendor/preact-htm.js"
cp "$web/node_modules/chart.js/LICENSE.md" "$stage/files/vendor/chart.LICENSE.txt"
cp "$web/node_modules/htm/LICENSE" "$stage/files/vendor/htm.LICENSE.txt"
find "$stage/files" -type d -exec chmod 755 {} +
find "$stage/files" -type f -exec chmod 644 {} +

hash=$(cd "$stage/files" && find . -type f | sort | xargs sha256sum | sha256sum | cut -c1-16)
# All modules are named at once: a browser that found them import by import would ask five times in a row.
(cd "$stage/files" && find . -name '*.js' ! -name chart.umd.js | sort |
    sed "s|^\./\(.*\)|    <link rel=\"modulepreload\" href=\"/static/$hash/\1\">|") > "$stage/modules"
sed -e "s|@STATIC@|/static/$hash|g" -e "/@MODULES@/{r $stage/modules
d
}" "$web/index.html" > "$stage/index.html"
node "$web/../api-spec/reference.mjs" "$web/../api-spec/openapi.yaml" "/static/$hash" > "$stage/docs.html"

rm -rf "$out/static"
mkdir "$out/static"
mv "$stage/files" "$out/static/$hash"
mv "$stage/docs.html" "$stage/index.html" "$out/"
