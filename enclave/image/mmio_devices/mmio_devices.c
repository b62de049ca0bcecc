/*
 * mmio_devices.c
 *	  A module for Linux: registers the virtio devices that a hypervisor without ACPI and
 *	  PCI names on the kernel's command line.
 *
 * Kernels with CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES do so themselves; Debian's have it not.
 * Each device is SIZE@ADDRESS:INTERRUPT, as in "virtio_mmio.device=" of Linux's
 * Documentation/admin-guide/kernel-parameters.txt; init hands them on.
 */
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>

#define DEVICES_MAX 32

static char *devices[DEVICES_MAX];
static int n_devices;
module_param_array(devices, charp, &n_devices, 0);
MODULE_PARM_DESC(devices, "SIZE@ADDRESS:INTERRUPT, separated by commas");

static int
add_device(int id, const char *text)
{
	struct resource resources[2] = {};
	long long base;
	unsigned int interrupt;
	char *rest;
	u64 size = memparse(text, &rest);

	if (size == 0 || sscanf(rest, "@%lli:%u", &base, &interrupt) != 2)
		return -EINVAL;
	resources[0] = (struct resource) DEFINE_RES_MEM(base, size);
	resources[1] = (struct resource) DEFINE_RES_IRQ(interrupt);
	return PTR_ERR_OR_ZERO(
		platform_device_register_resndata(NULL, "virtio-mmio", id, resources,
										  ARRAY_SIZE(resources), NULL, 0));
}

static int __init
add_devices(void)
{
	int error = 0;

	for (int i = 0; error == 0 && i < n_devices; i++)
		error = add_device(i, devices[i]);
	return error;
}

module_init(add_devices);
MODULE_DESCRIPTION("virtio devices of the kernel's command line");
MODULE_LICENSE("GPL");
