#!/bin/sh
# The crash tests' hook: tells a ledger of its beginning and its end, and looks at the video itself.
#   hook.sh LEDGER
# Some take their time and some fail at first, as the id says.
tell() {
    read -r up _ </proc/uptime
    printf '%s %s %s %s %s\n' "$1" "$SEEDHOOK_REQUEST_ID" "$SEEDHOOK_DELIVERY_ID" "$SEEDHOOK_ATTEMPT" "$up" >>"$ledger"
}
ledger=$1
tell began
case $SEEDHOOK_REQUEST_ID in
*[37]) sleep 0.3 ;;
*9) [ "$SEEDHOOK_ATTEMPT" -gt 1 ] || exit 75 ;;
esac
sum=$(sha256sum <"$SEEDHOOK_FILE") || exit 75 # the disk may be gone
if [ "$sum" != "$SEEDHOOK_SHA256  -" ]; then
    tell wrong
    exit 75
fi
tell ended
