#!/usr/bin/env bash
# The container's health check. A port that is taken does not keep Asterisk from starting, so each is asked for.
set -euo pipefail
ask() { asterisk -C "${FOLDER:-/tmp/asterisk}/etc/asterisk.conf" -rx "$1"; }

transports=$(ask 'pjsip show transports')
[[ $transports == *' udp '* && $transports == *' tcp '* && $(ask 'http show status') == */ari/* ]]
