#!/bin/sh
# Regenerates the protobuf code of this client from proto/ (commit the result). Needs protoc.
#
# Debian 12's protoc 3.21 is the one to use: its output loads in every protobuf runtime from 4.21 to 7, while the output of a
# newer protoc refuses every runtime older than itself.
set -eu
cd "$(dirname "$0")"
protoc -I ../../proto --python_out=docent_client/proto --pyi_out=docent_client/proto docent/v1/docent.proto
