#!/usr/bin/env bash
# unit.sh ROLE COMMAND: prints the systemd unit of a role. Roles: ferrostack (all in one), ferrostack-controller,
# ferrostack-agent. The package and script/up have their units from here.
set -euo pipefail
role=$1 command=$2

case $role in
  ferrostack) what='whole cloud on this machine: all services and the node' ;;
  ferrostack-controller) what='controller: all services; nodes join it' ;;
  ferrostack-agent) what="agent: what runs on every node" ;;
  *) echo "unit.sh: there is no role $role" >&2; exit 2 ;;
esac

# Roles with a node touch engines, network namespaces, taps and the disks of guests; a controller touches its own state.
has_node() { [ "$role" != ferrostack-controller ]; }

cat <<END
[Unit]
Description=Ferrostack, $what
Documentation=https://github.com/ferrostack/ferrostack
Wants=network-online.target
After=network-online.target
END
if has_node; then
  cat <<END
# Wanted, not required: servers and Ferrostack outlive a restart of each of them.
Wants=openvswitch-switch.service ovn-central.service ovn-host.service libvirtd.service
After=openvswitch-switch.service ovn-central.service ovn-host.service libvirtd.service
END
fi
if [ "$role" = ferrostack ]; then
  echo 'Conflicts=ferrostack-controller.service ferrostack-agent.service'
elif [ "$role" = ferrostack-controller ]; then
  # Neither need be on this machine, nor be there at the start.
  echo 'After=mariadb.service ovn-central.service'
fi

cat <<END

[Service]
Type=exec
ExecStart=$command
Restart=on-failure
RestartSec=2
# Requests under way get ten seconds; what is accepted goes on at the next start.
TimeoutStopSec=30
# Only the process itself: guests and engines that it has started go on while it is down.
KillMode=process
END
# Fields (request id, project, resource) go to the journal as fields, when the settings say so: log.format = "journald".
cat <<END
SyslogIdentifier=$role
LimitNOFILE=65536
UMask=0022
LockPersonality=yes
NoNewPrivileges=$(has_node && echo no || echo yes)
RestrictRealtime=yes
SystemCallArchitectures=native
END
if has_node; then
  cat <<END
# What it starts may make control groups of its own.
Delegate=yes
# No ProtectSystem, PrivateTmp, PrivateDevices nor RestrictNamespaces here: network namespaces made in a private mount
# namespace would be invisible to OVS and to \`ip netns\`, and disks of guests must be where libvirt sees them. Nor
# ProtectClock: in some versions of systemd it closes /dev/kvm and /dev/net/tun.
ProtectHostname=yes
END
else
  cat <<END
User=ferrostack
Group=ferrostack
StateDirectory=ferrostack
StateDirectoryMode=0711
ConfigurationDirectory=ferrostack
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
MemoryDenyWriteExecute=yes
# OVN's databases listen on sockets that only root may open. Where network.northbound and network.southbound are tcp:, both
# lines can go.
CapabilityBoundingSet=CAP_DAC_OVERRIDE
AmbientCapabilities=CAP_DAC_OVERRIDE
SystemCallFilter=@system-service
END
fi

cat <<END

[Install]
WantedBy=multi-user.target
END
