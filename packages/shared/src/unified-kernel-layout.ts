/**
 * A unified kernel image is joined of its head, the kernel and the initrd, in this order, each followed by zeros up to a multiple of
 * so many bytes.
 */
export const UNIFIED_KERNEL_ALIGNMENT = 512;

/** How many bytes are missing behind `size` bytes to the next multiple. */
export function paddingTo(multiple: number, size: number): number {
  return (multiple - (size % multiple)) % multiple;
}
