#!/bin/sh
# An example of a command for a sink of type `exec`: puts each video with its delivery document into $LIBRARY, which the
# sink's `env:` says. Exit codes: 0 delivered, 100 never try this again, any other: try again later.
set -eu

case $SEEDHOOK_STATUS in
succeeded) ;;
*)
    echo "$SEEDHOOK_REQUEST_ID $SEEDHOOK_STATUS: $SEEDHOOK_ERROR_CODE $SEEDHOOK_ERROR_MESSAGE"
    exit 0
    ;;
esac

# The same delivery may come twice, under the same id: then it is there already.
place=$LIBRARY/$SEEDHOOK_REQUEST_ID
[ ! -e "$place/delivery.json" ] || exit 0

# Built where nobody looks, and then there in one step. We may be ended at any time; what an earlier run left goes first.
building=$LIBRARY/.building/$SEEDHOOK_DELIVERY_ID
rm -rf -- "$building"
mkdir -p -- "$building"
cp -- "$SEEDHOOK_FILE" "$building/video.mp4"
cat >"$building/delivery.json"
sync -- "$building/video.mp4" "$building/delivery.json"
mv -T -- "$building" "$place"
