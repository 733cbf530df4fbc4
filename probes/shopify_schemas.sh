#!/usr/bin/env bash
# Fetches Shopify's published schemas, by the name of the package that holds them, and prints the folder in which they are.
set -euo pipefail
folder=$(mktemp -d "${TMPDIR:-/tmp}/shopify-schemas.XXXXXX")
cd "$folder"
for try in 1 2 3; do
	npm pack @shopify/dev-mcp@1.16.0 --silent --pack-destination . >&2 && break
	[ "$try" -lt 3 ] || exit 1
	sleep 5
done
tar -xzf shopify-dev-mcp-1.16.0.tgz
mv package/LICENSE package/dist/data/admin_*.json.gz .
rm -r package shopify-dev-mcp-1.16.0.tgz
echo "$folder"
