#!/bin/sh
# What udhcpc calls when a lease comes or goes: address, MTU, routes (option 121 before option 3, RFC 3442), resolvers.
# shellcheck disable=SC2154 # udhcpc sets them
case $1 in
  deconfig)
    ip addr flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    ip addr add "$ip/${mask:-24}" dev "$interface" 2>/dev/null
    [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
      # shellcheck disable=SC2086 # pairs of words: destination, gateway
      set -- $staticroutes
      while [ -n "$2" ]; do
        if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"; else ip route replace "$1" via "$2" dev "$interface"; fi
        shift 2
      done
    else
      for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
    fi
    : >/etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
    ;;
esac
