/**
 * The programs of bcc: those of its folders tools/ and tools/lib/, without tools/old/, as of May 2026
 * (iovisor/bcc 6d0a964c). The shell scripts that run those of lib/ for one language are `commands` of tools.
 *
 * @module
 */

/** tools/ */
const TOOLS = `
  argdist bashreadline bindsnoop biolatency biolatpcts biopattern biosnoop biotop bitesize
  bpflist btrfsdist btrfsslower cachestat cachetop capable compactsnoop cpudist cpuunclaimed
  criticalstat dbslower dbstat dcsnoop dcstat deadlock dirtop drsnoop execsnoop exitsnoop
  ext4dist ext4slower f2fsslower filegone filelife fileslower filetop funccount funcinterval
  funclatency funcslower gethostlatency hardirqs inject killsnoop klockstat kvmexit llcstat
  mdflush memleak mountsnoop mptcpify mysqld_qslower netqtop nfsdist nfsslower numasched
  offcputime offwaketime oomkill opensnoop pidpersec ppchcalls profile rdmaucma readahead
  runqlat runqlen runqslower shmsnoop slabratetop sofdsnoop softirqs softirqslower solisten
  sslsniff stackcount statsnoop swapin syncsnoop syscount tcpaccept tcpcong tcpconnect
  tcpconnlat tcpdrop tcplife tcpretrans tcprtt tcpstates tcpsubnet tcpsynbl tcptop tcptracer
  threadsnoop tplist trace ttysnoop vfscount vfsstat virtiostat wakeuptime wqlat xfsdist
  xfsslower zfsdist zfsslower
`;

/** tools/lib/ */
const LIBRARY = "ucalls uflow ugc uobjnew ustat uthreads";

/** All of them, in their order. */
export const BCC_TOOLS: readonly string[] = `${TOOLS} ${LIBRARY}`.trim().split(/\s+/).sort();
