/// A library to be preloaded (LD_PRELOAD) that lets one call of the C library fail.
///
///     PALIGRAPH_FAULT=pwrite:3:28     the third pwrite fails with error number 28
///     PALIGRAPH_FAULT=pwrite:3:KILL   the process is killed instead of the third pwrite
///     PALIGRAPH_FAULT=exit:1:TERM     the process is asked to end while its exit handlers run
///     PALIGRAPH_FAULT=pread:0:SHORT   every pread reads one byte at most
///     PALIGRAPH_FAULT=pwrite:0:AGAIN  every other pwrite is interrupted by a signal (EINTR)
///     PALIGRAPH_FAULT=mmap:2:CUT      after the second mapping of a file, the file loses all but its first page
///
/// The file named by PALIGRAPH_FAULT_MARK is made when the fault happened.
