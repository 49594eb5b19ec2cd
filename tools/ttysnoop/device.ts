/**
 * Converts device numbers.
 *
 * @module
 */

const MINOR_BITS = 20; // of dev_t inside the kernel: include/linux/kdev_t.h

/** Converts a device number of stat(2) (new_encode_dev) to the kernel's dev_t. */
export function kernelDevice(device: bigint): { readonly number: number; readonly major: number } {
  const major = Number(device >> 8n & 0xfffn | device >> 32n & 0xfffff000n);
  const minor = Number(device & 0xffn | device >> 12n & 0xffffff00n);
  return { number: major * 2 ** MINOR_BITS + minor, major };
}
