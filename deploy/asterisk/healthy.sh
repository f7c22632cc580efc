#!/usr/bin/env bash
# The container's health check. Asterisk starts even if a port is taken, so this checks each listener.
set -euo pipefail
ask() { asterisk -C "${FOLDER:-/tmp/asterisk}/etc/asterisk.conf" -rx "$1"; }

transports=$(ask 'pjsip show transports')
[[ $transports == *' udp '* && $transports == *' tcp '* && $(ask 'http show status') == */ari/* ]]
