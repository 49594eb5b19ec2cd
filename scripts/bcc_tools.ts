/**
 * The programs of bcc: those of its folders tools/ and tools/lib/, without tools/old/, as of May 2026
 * (iovisor/bcc 6d0a964c), and their options.
 *
 * @module
 */

/**
 * The options of each program that its help lists besides `-h/--help` and arguments. `=` marks options with a value,
 * `?=` those with an optional value. Options that bcc hides, such as `--ebpf`, are left out. The programs of tools/lib/
 * are ucalls, uflow, ugc, uobjnew, ustat and uthreads.
 */
export const BCC_OPTIONS: Readonly<Record<string, string>> = {
  argdist: "-p/--pid= -t/--tid= -z/--string-size= -i/--interval= -d/--duration= -n/--number= " +
    "-v/--verbose -c/--cumulative -T/--top= -H/--histogram= -C/--count= -I/--include=",
  bashreadline: "-s/--shared?=",
  bindsnoop: "-t/--timestamp -w/--wide -p/--pid= -P/--port= -E/--errors -U/--print-uid -u/--uid= " +
    "--count --cgroupmap= --mntnsmap=",
  biolatency: "-T/--timestamp -Q/--queued -m/--milliseconds -D/--disks -F/--flags -e/--extension " +
    "-j/--json -d/--disk=",
  biolatpcts: "-i/--interval= -w/--which= -p/--pcts= -j/--json -v/--verbose",
  biopattern: "-d/--disk=",
  biosnoop: "-Q/--queue -d/--disk= -P/--pattern",
  biotop: "-C/--noclear -r/--maxrows= -p/--pid=",
  bitesize: "",
  bpflist: "-v/--verbosity",
  btrfsdist: "-T/--notimestamp -m/--milliseconds -p/--pid=",
  btrfsslower: "-j/--csv -p/--pid= -d/--duration=",
  cachestat: "-T/--timestamp",
  cachetop: "-p/--pid=",
  capable: "-v/--verbose -p/--pid= -K/--kernel-stack -U/--user-stack -x/--extra --cgroupmap= " +
    "--mntnsmap= --unique",
  compactsnoop: "-T/--timestamp -p/--pid= -d/--duration= -K/--kernel-stack -e/--extended_fields",
  cpudist: "-O/--offcpu -T/--timestamp -m/--milliseconds -P/--pids -L/--tids -p/--pid= " +
    "-I/--include-idle -e/--extension",
  cpuunclaimed: "-j/--csv -J/--fullcsv -T/--timestamp",
  criticalstat: "-p/--preemptoff -i/--irqoff -d/--duration=",
  dbslower: "-v/--verbose -p/--pid= -x/--exe= -m/--threshold=",
  dbstat: "-v/--verbose -p/--pid= -m/--threshold= -u/--microseconds -i/--interval=",
  dcsnoop: "-a/--all",
  dcstat: "",
  deadlock: "--binary= --dump-graph= --verbose --lock-symbols= --unlock-symbols= -t/--threads= " +
    "-e/--edges= -s/--stacktraces=",
  dirtop: "-C/--noclear -r/--maxrows= -s/--sort= -p/--pid= -d/--root-directories=",
  drsnoop: "-T/--timestamp -U/--print-uid -p/--pid= -t/--tid= -u/--uid= -d/--duration= " +
    "-n/--name= -v/--verbose",
  execsnoop: "-T/--time -t/--timestamp -x/--fails --cgroupmap= --mntnsmap= -u/--uid= -q/--quote " +
    "-n/--name= -l/--line= -U/--print-uid -C/--print-cpu -M/--print-pcomm --max-args= " +
    "-P/--ppid=",
  exitsnoop: "-t/--timestamp --utc -p/--pid= --label= -x/--failed --per-thread",
  ext4dist: "-T/--notimestamp -m/--milliseconds -p/--pid=",
  ext4slower: "-j/--csv -p/--pid=",
  f2fsslower: "-s/--csv -p/--pid=",
  filegone: "-p/--pid=",
  filelife: "-p/--pid=",
  fileslower: "-p/--pid= -a/--all-files",
  filetop: "-a/--all-files -C/--noclear -r/--maxrows= -s/--sort= -p/--pid= --read-only " +
    "--write-only -d/--directory=",
  funccount: "-p/--pid= -i/--interval= -d/--duration= -T/--timestamp -r/--regexp -D/--debug " +
    "-c/--cpu=",
  funcinterval: "-p/--pid= -i/--interval= -d/--duration= -T/--timestamp -u/--microseconds " +
    "-m/--milliseconds -v/--verbose",
  funclatency: "-p/--pid= -i/--interval= -d/--duration= -T/--timestamp -u/--microseconds " +
    "-m/--milliseconds -F/--function -r/--regexp -l/--level= -v/--verbose",
  funcslower: "-p/--pid= -m/--min-ms= -u/--min-us= -a/--arguments= -T/--time -t/--timestamp " +
    "-v/--verbose -f/--folded -U/--user-stack -K/--kernel-stack",
  gethostlatency: "-p/--pid=",
  hardirqs: "-T/--timestamp -N/--nanoseconds -C/--count -d/--dist -c/--cpu=",
  inject: "-I/--include= -P/--probability= -v/--verbose -c/--count=",
  killsnoop: "-x/--failed -p/--pid= -T/--tpid= -s/--signal=",
  klockstat: "-d/--duration= -i/--interval= -n/--locks= -s/--stacks= -c/--caller= -S/--sort= " +
    "-p/--pid= -t/--tid= --stack-storage-size=",
  kvmexit: "-p/--pid= -t/--tid= -T/--tids= -v/--vcpu= -a/--alltids -m/--max-parallelism= " +
    "-d/--debug",
  llcstat: "-c/--sample_period= -t/--tid",
  mdflush: "",
  memleak: "-p/--pid= -t/--trace -a/--show-allocs -o/--older= -c/--command= --combined-only " +
    "--wa-missing-free -s/--sample-rate= -T/--top= -z/--min-size= -Z/--max-size= " +
    "-O/--obj= --percpu --sort= --symbols-prefix=",
  mountsnoop: "-P/--parent_process --cgroupmap= --mntnsmap=",
  mptcpify: "-t/--targets=",
  mysqld_qslower: "",
  netqtop: "-n/--name= -i/--interval= -t/--throughput",
  nfsdist: "-T/--notimestamp -m/--milliseconds -p/--pid=",
  nfsslower: "-j/--csv -p/--pid=",
  numasched: "-p/--pid= -t/--tid= -c/--comm=",
  offcputime: "-p/--pid= -t/--tid= -u/--user-threads-only -k/--kernel-threads-only " +
    "-U/--user-stacks-only -K/--kernel-stacks-only -d/--delimited -f/--folded -s/--offset " +
    "--stack-storage-size= -m/--min-block-time= -M/--max-block-time= --state=",
  offwaketime: "-p/--pid= -t/--tid= -u/--user-threads-only -k/--kernel-threads-only " +
    "-U/--user-stacks-only -K/--kernel-stacks-only -d/--delimited -f/--folded " +
    "--stack-storage-size= -m/--min-block-time= -M/--max-block-time= --state=",
  oomkill: "",
  opensnoop: "-T/--timestamp -U/--print-uid -x/--failed -p/--pid= -t/--tid= --cgroupmap= " +
    "--mntnsmap= -u/--uid= -d/--duration= -n/--name= -e/--extended_fields " +
    "-f/--flag_filter= -F/--full-path -b/--buffer-pages= --exec?=",
  pidpersec: "",
  ppchcalls: "-p/--pid= -t/--tid= -i/--interval= -d/--duration= -T/--top= -x/--failures " +
    "-e/--errno= -L/--latency -m/--milliseconds -P/--process -l/--list --hcall=",
  profile: "-p/--pid= -L/--tid= -U/--user-stacks-only -K/--kernel-stacks-only -F/--frequency= " +
    "-c/--count= -d/--delimited -a/--annotations -I/--include-idle -f/--folded " +
    "--hash-storage-size= --stack-storage-size= -C/--cpu= --cgroupmap= --mntnsmap= " +
    "-A/--address",
  rdmaucma: "-D/--debug",
  readahead: "-d/--duration=",
  runqlat: "-T/--timestamp -m/--milliseconds -P/--pids --pidnss -L/--tids -p/--pid=",
  runqlen: "-T/--timestamp -O/--runqocc -C/--cpus",
  runqslower: "-P/--previous -p/--pid= -t/--tid=",
  shmsnoop: "-T/--timestamp -p/--pid= -t/--tid= -d/--duration= -n/--name=",
  slabratetop: "-C/--noclear -r/--maxrows=",
  sofdsnoop: "-T/--timestamp -p/--pid= -t/--tid= -n/--name= -d/--duration=",
  softirqs: "-T/--timestamp -N/--nanoseconds -C/--events -d/--dist -c/--cpu=",
  softirqslower: "-c/--cpu=",
  solisten: "--show-netns -p/--pid= -n/--netns=",
  sslsniff:
    "-p/--pid= -u/--uid= -x/--extra -c/--comm= -o/--no-openssl -g/--no-gnutls -n/--no-nss " +
    "-d/--debug --hexdump --max-buffer-size= -l/--latency --handshake --extra-lib=",
  stackcount: "-p/--pid= -c/--cpu= -i/--interval= -D/--duration= -T/--timestamp -r/--regexp " +
    "-s/--offset -P/--perpid -K/--kernel-stacks-only -U/--user-stacks-only -v/--verbose " +
    "-d/--delimited -f/--folded --debug",
  statsnoop: "-t/--timestamp -s/--sysname -x/--failed -p/--pid=",
  swapin: "-T/--notime",
  syncsnoop: "",
  syscount:
    "-p/--pid= -t/--tid= -c/--ppid= -i/--interval= -d/--duration= -T/--top= -x/--failures " +
    "-e/--errno= -L/--latency -m/--milliseconds -P/--process -l/--list --syscall= " +
    "--exec?=",
  tcpaccept: "-T/--time -t/--timestamp -p/--pid= -P/--port= -4/--ipv4 -6/--ipv6 --cgroupmap= " +
    "--mntnsmap=",
  tcpcong: "-L/--localport= -R/--remoteport= -T/--timestamp -d/--dist -u/--microseconds",
  tcpconnect: "-t/--timestamp -p/--pid= -P/--port= -4/--ipv4 -6/--ipv6 -L/--lport -U/--print-uid " +
    "-u/--uid= -c/--count --cgroupmap= --mntnsmap= -d/--dns",
  tcpconnlat: "-t/--timestamp -p/--pid= -L/--lport -4/--ipv4 -6/--ipv6 -v/--verbose",
  tcpdrop: "-4/--ipv4 -6/--ipv6 --netns-id= --pid-netns=",
  tcplife: "-T/--time -t/--timestamp -w/--wide -s/--csv -p/--pid= -L/--localport= " +
    "-D/--remoteport= -4/--ipv4 -6/--ipv6",
  tcpretrans: "-s/--sequence -l/--lossprobe -c/--count -4/--ipv4 -6/--ipv6",
  tcprtt: "-i/--interval= -d/--duration= -T/--timestamp -m/--milliseconds -p/--lport= " +
    "-P/--rport= -a/--laddr= -A/--raddr= -b/--byladdr -B/--byraddr -e/--extension " +
    "-D/--debug -4/--ipv4 -6/--ipv6",
  tcpstates: "-T/--time -t/--timestamp -w/--wide -s/--csv -L/--localport= -D/--remoteport= " +
    "-Y/--journal -4/--ipv4 -6/--ipv6",
  tcpsubnet: "-v/--verbose -J/--json -f/--format= -i/--interval=",
  tcpsynbl: "-4/--ipv4 -6/--ipv6",
  tcptop: "-C/--noclear -S/--nosummary -p/--pid= --cgroupmap= --mntnsmap= -4/--ipv4 -6/--ipv6",
  tcptracer: "-t/--timestamp -p/--pid= -N/--netns= --cgroupmap= --mntnsmap= -4/--ipv4 -6/--ipv6 " +
    "-v/--verbose",
  threadsnoop: "",
  tplist: "-p/--pid= -l/--lib= -v",
  trace: "-b/--buffer-pages= -p/--pid= -L/--tid= --uid= -v/--verbose -Z/--string-size= " +
    "-S/--include-self -M/--max-events= -t/--timestamp -u/--unix-timestamp -T/--time " +
    "-C/--print_cpu -c/--cgroup-path= -n/--name= -f/--msg-filter= -B/--bin_cmp " +
    "-s/--sym_file_list= -K/--kernel-stack -U/--user-stack -a/--address -I/--include= " +
    "-A/--aggregate",
  ttysnoop: "-C/--noclear -s/--datasize= -c/--datacount=",
  ucalls: "-l/--language= -T/--top= -L/--latency -S/--syscalls -v/--verbose -m/--milliseconds",
  uflow: "-l/--language= -M/--method= -C/--class= -v/--verbose",
  ugc: "-l/--language= -v/--verbose -m/--milliseconds -M/--minimum= -F/--filter=",
  uobjnew: "-l/--language= -C/--top-count= -S/--top-size= -v/--verbose",
  ustat: "-l/--language= -C/--noclear -S/--sort= -r/--maxrows= -d/--debug",
  uthreads: "-l/--language= -v/--verbose",
  vfscount: "",
  vfsstat: "-p/--pid=",
  virtiostat: "-T/--timestamp -d/--driver= -n/--devname= -D/--debug",
  wakeuptime: "-u/--useronly -p/--pid= -v/--verbose -f/--folded --stack-storage-size= " +
    "-m/--min-block-time= -M/--max-block-time=",
  wqlat: "-T/--timestamp -N/--nanoseconds -W/--workqueues -w/--wqname=",
  xfsdist: "-T/--notimestamp -m/--milliseconds -p/--pid=",
  xfsslower: "-j/--csv -p/--pid=",
  zfsdist: "-T/--notimestamp -m/--milliseconds -p/--pid=",
  zfsslower: "-j/--csv -p/--pid=",
};

/** The options of libbpf-tools (same commit) that bcc's folder lacks, or has only as a shell script. */
export const LIBBPF_OPTIONS: Readonly<Record<string, string>> = {
  biostacks: "-d/--disk= -m/--milliseconds -v/--verbose",
  cpufreq: "-d/--duration= -f/--frequency= -c/--cgroup= -v/--verbose",
  fsdist: "-T/--timestamp -m/--milliseconds -p/--pid= -t/--type= -v/--verbose",
  fsslower: "-c/--csv -d/--duration= -p/--pid= -m/--min= -t/--type= -v/--verbose",
  futexctn:
    "-p/--pid= -t/--tid= -l/--lock= -T/--timestamp -m/--milliseconds --perf-max-stack-depth= " +
    "--stack-storage-size= -s/--summary -v/--verbose",
  javagc: "-p/--pid= -t/--time= -v/--verbose",
  ksnoop: "-d/--debug -v/--verbose -V/--version -P/--pages= -p/--pid= -s/--stack",
  numamove: "-v/--verbose",
  sigsnoop: "-x/--failed -k/--kill -p/--pid= -s/--signal= -n/--name -v/--verbose",
  tcppktlat: "-p/--pid= -t/--tid= -T/--timestamp -l/--lport= -r/--rport= -v/--verbose -w/--wide",
};

/** The names of all programs of bcc, sorted. */
export const BCC_TOOLS: readonly string[] = Object.keys(BCC_OPTIONS).sort();

/** bcc's shell scripts that run a program of tools/lib/ for one language: all scripts but reset-trace. */
export const BCC_COMMANDS: readonly string[] = [
  "cobjnew javacalls javaflow javagc javaobjnew javastat javathreads nodegc nodestat perlcalls perlflow",
  "perlstat phpcalls phpflow phpstat pythoncalls pythonflow pythongc pythonstat rubycalls rubyflow rubygc",
  "rubyobjnew rubystat tclcalls tclflow tclobjnew tclstat",
].join(" ").split(" ");
