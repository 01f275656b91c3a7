# Writes the configuration of dev/slurm. The caller has set RUN_DIR and the ports.
# shellcheck shell=bash

ADDRESS=127.0.0.1
CLUSTER=quarterdeck
CPU_NODES=(c1 c2 c3)
GPU_NODE=g1
NODES=("${CPU_NODES[@]}" "$GPU_NODE")

write_slurm_conf() {
  local store=job_script node port=$PORT_FIRST_NODE gres features
  [ "${QD_DEV_KEEP_COMMENTS:-1}" = 0 ] || store+=,job_comment
  cat <<CONF
ClusterName=$CLUSTER
SlurmctldHost=$(hostname -s)($ADDRESS)
SlurmUser=slurm
SlurmdUser=root
SlurmctldPort=$PORT_CONTROLLER

# A munge of our own: its socket has to be named here and, for slurmdbd, in AccountingStoragePass.
AuthType=auth/munge
AuthInfo=socket=$RUN_DIR/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$RUN_DIR/etc/jwt_hs256.key
# Listen on the host name's address, which is a loopback one, and not on every interface.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny

StateSaveLocation=$RUN_DIR/state
SlurmdSpoolDir=$RUN_DIR/spool/%n
SlurmctldPidFile=$RUN_DIR/run/slurmctld.pid
SlurmdPidFile=$RUN_DIR/run/slurmd-%n.pid
SlurmctldLogFile=$RUN_DIR/log/slurmctld.log
SlurmdLogFile=$RUN_DIR/log/slurmd-%n.log

# No cgroups and no task affinity: the nodes share one host, which may itself be a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/${QD_DEV_JOB_ACCT_GATHER:-linux}
JobAcctGatherFrequency=task=2
${QD_DEV_OVER_MEMORY_KILL:+JobAcctGatherParams=OverMemoryKill}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
# Believe the CPUs and memory written below, not the host's.
SlurmdParameters=config_overrides

# React at once, as people waiting for a test expect.
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=5
ReturnToService=2
SlurmdTimeout=120
KillWait=5
MinJobAge=${QD_DEV_MIN_JOB_AGE:-300}
MailProg=/bin/true
${QD_DEV_REBOOT_PROGRAM:+RebootProgram=$QD_DEV_REBOOT_PROGRAM}

PrivateData=${QD_DEV_PRIVATE_DATA:-none}
GresTypes=gpu
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$ADDRESS
AccountingStoragePort=$PORT_ACCOUNTING
AccountingStoragePass=$RUN_DIR/munge/socket
AccountingStoreFlags=$store
AccountingStorageEnforce=associations,limits,qos
AccountingStorageTRES=gres/gpu
PriorityType=priority/multifactor
PriorityWeightAge=1000
PriorityWeightFairshare=10000
PriorityWeightQOS=1000

CONF
  for node in "${NODES[@]}"; do
    features=cpu gres=""
    [ "$node" != "$GPU_NODE" ] || { features=gpu gres=" Gres=gpu:a100:2"; }
    echo "NodeName=$node NodeHostname=$(hostname -s) NodeAddr=$ADDRESS Port=$port" \
      "CPUs=4 Sockets=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Feature=$features$gres"
    port=$((port + 1))
  done
  cat <<CONF
PartitionName=compute Nodes=c[1-3] Default=YES MaxTime=1-00:00:00 DefaultTime=01:00:00
PartitionName=gpu Nodes=$GPU_NODE MaxTime=12:00:00 DefaultTime=00:30:00
CONF
}

# Plain files stand in for the GPUs' devices: slurmd only asks whether they are there.
write_gres_conf() {
  echo "NodeName=$GPU_NODE Name=gpu Type=a100 File=$RUN_DIR/gpu/[0-1]"
}

# Later ones want cgroups unless told not to; 22.05 does not know the word.
write_cgroup_conf() {
  case $(slurmctld -V) in *" 22.05."*) ;; *) echo CgroupPlugin=disabled ;; esac
}

write_slurmdbd_conf() {
  cat <<CONF
DbdHost=$(hostname -s)
DbdAddr=$ADDRESS
DbdPort=$PORT_ACCOUNTING
CommunicationParameters=NoInAddrAny
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$RUN_DIR/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$RUN_DIR/etc/jwt_hs256.key
StorageType=accounting_storage/mysql
StorageHost=$ADDRESS
StoragePort=$PORT_DATABASE
StorageUser=slurm
StoragePass=$(cat "$RUN_DIR/etc/database-password")
StorageLoc=slurm_acct_db
LogFile=$RUN_DIR/log/slurmdbd.log
PidFile=$RUN_DIR/run/slurmdbd.pid
CONF
}
