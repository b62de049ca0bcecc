/*
 * init.c
 *	  The first process of the enclave: makes it ready for E3, starts E3 as a user of its
 *	  own, and ends the enclave when E3 ends.
 *
 *	  file systems -> console -> modules -> no more modules -> loopback -> sign of life
 *	  -> way to the KMS -> E3 -> reset
 *
 * What it says goes to the console, which only an enclave in debug mode shows to anybody.
 * Without any of these steps but the sign of life, there is no E3.
 */
#include "base/parse.h"
#include "image/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define E3 "/usr/bin/e3"
#define E3_CONFIG "/etc/evcrypt/e3.conf"
#define E3_RUN "/run/evcrypt"
#define E3_USER 7433 /* of image/build as well */
#define E3_FILES 65536

#define NSM_DEVICE "/dev/nsm"

#define MODULES "/lib/modules/"
#define MODULES_ORDER MODULES "order"
#define MMIO_MODULE "mmio_devices.ko"
#define MMIO_ARGUMENT "virtio_mmio.device="
#define LINE_MAX_LEN 4096

/* What starts an enclave waits there for one byte, and sends it back. */
#define PARENT_FILE "/etc/evcrypt/parent"
#define PARENT_CID 3
#define PARENT_PORT 9000
#define SIGN_OF_LIFE 0xb7
#define PARENT_SECONDS 5

/* A port of the parent, from where its proxy leads to the KMS.  No file, no way out. */
#define KMS_FILE "/etc/evcrypt/kms_port"
#define KMS_SOCKET "/run/kms.sock"
#define KMS_USER 7434
#define KMS_FILES 16
/* E3 asks when it starts, and waits for two minutes at most. */
#define KMS_WAIT_MS 120000
#define KMS_TALK_MS 150000
/* A request of E3's has 40 KiB at most, an answer 16 KiB, and TLS its certificates. */
#define KMS_BYTES 65536

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	static const char who[] = "init: ";
	const size_t start = sizeof(who) - 1;
	char line[512];
	va_list arguments;
	int len;

	memcpy(line, who, start);
	va_start(arguments, format);
	len = vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	va_end(arguments);
	if (len < 0)
		return;
	if ((size_t) len > sizeof(line) - start - 2)
		len = (int) (sizeof(line) - start - 2);
	line[start + (size_t) len] = '\n';
	/* At once, as others write there as well. */
	(void) !write(STDERR_FILENO, line, start + (size_t) len + 1);
}

/* There is no power to switch off without ACPI: a reset ends an enclave. */
static void __attribute__((noreturn)) end_enclave(void)
{
	sync();
	(void) reboot(RB_AUTOBOOT);
	/* The kernel panics, and then resets. */
	_exit(1);
}

static void __attribute__((noreturn)) fail(const char *what)
{
	say("%s: %s", what, strerror(errno));
	end_enclave();
}

static void
mount_all(void)
{
	static const struct
	{
		const char *type;
		const char *where;
		unsigned long flags;
		const char *options;
	} mounts[] = {
		{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
		{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL},
		{"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL},
		{"tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=16m"},
		{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=16m"},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags,
				  mounts[i].options) != 0)
			fail(mounts[i].where);
}

/* The ramdisk has no devices, so the kernel could not open one for us. */
static void
open_console(void)
{
	int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (console < 0 || nothing < 0 || dup2(console, STDOUT_FILENO) < 0 ||
		dup2(console, STDERR_FILENO) < 0 || dup2(nothing, STDIN_FILENO) < 0)
		fail("/dev/console");
	close(console);
	close(nothing);
}

/* Reads all of a short file of text; false with errno. */
static bool
read_text(const char *path, char text[LINE_MAX_LEN])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, LINE_MAX_LEN - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

/* "devices=A,B" of the kernel's command line; empty if it names none. */
static void
find_devices(char devices[LINE_MAX_LEN])
{
	char line[LINE_MAX_LEN];
	size_t len = 0;
	char *rest;

	devices[0] = '\0';
	if (!read_text("/proc/cmdline", line))
		fail("/proc/cmdline");
	for (char *word = strtok_r(line, " \n", &rest); word != NULL;
		 word = strtok_r(NULL, " \n", &rest))
	{
		if (strncmp(word, MMIO_ARGUMENT, strlen(MMIO_ARGUMENT)) != 0)
			continue;
		word += strlen(MMIO_ARGUMENT);
		/* What is taken away is longer than what is added. */
		len += (size_t) snprintf(devices + len, LINE_MAX_LEN - len, "%s%s",
								 len == 0 ? "devices=" : ",", word);
	}
}

static void
load_module(const char *name, const char *arguments)
{
	char path[256];
	int fd;

	(void) snprintf(path, sizeof(path), MODULES "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, arguments, 0) != 0)
		fail(path);
	close(fd);
}

static void
load_modules(void)
{
	char order[LINE_MAX_LEN];
	char devices[LINE_MAX_LEN];
	char *rest;

	if (!read_text(MODULES_ORDER, order))
		fail(MODULES_ORDER);
	find_devices(devices);
	for (char *name = strtok_r(order, "\n", &rest); name != NULL;
		 name = strtok_r(NULL, "\n", &rest))
		load_module(name, strcmp(name, MMIO_MODULE) == 0 ? devices : "");
}

static void
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
		fail(path);
	close(fd);
}

static void
start_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		fail("loopback");
	close(fd);
}

/* A number of 32 bits that stands in a file alone; false if there is no such file. */
static bool
read_number(const char *path, uint32_t *number)
{
	char text[LINE_MAX_LEN];
	uint64_t value;
	const char *end;

	if (!read_text(path, text))
		return false;
	if (!e3_parse_digits(text, 10, &value, &end) || value > UINT32_MAX ||
		end[strspn(end, "\n")] != '\0')
	{
		errno = EINVAL;
		fail(path);
	}
	*number = (uint32_t) value;
	return true;
}

/* Another number is for emulators, whose parent is another. */
static struct sockaddr_vm
parent(uint32_t port)
{
	struct sockaddr_vm address = {.svm_family = AF_VSOCK,
								  .svm_cid = PARENT_CID,
								  .svm_port = port};

	(void) read_number(PARENT_FILE, &address.svm_cid);
	return address;
}

/* Whoever started the enclave may have stopped to wait: no reason to end it. */
static void
give_sign_of_life(void)
{
	const struct sockaddr_vm address = parent(PARENT_PORT);
	const struct timeval limit = {.tv_sec = PARENT_SECONDS};
	uint8_t byte = SIGN_OF_LIFE;
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered =
		fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
		connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0 &&
		write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1 && byte == SIGN_OF_LIFE;

	if (!answered)
		say("no answer of %u:%u to the sign of life", address.svm_cid, PARENT_PORT);
	if (fd >= 0)
		close(fd);
}

static void
limit(int resource, rlim_t most)
{
	const struct rlimit limits = {most, most};

	if (setrlimit((__rlimit_resource_t) resource, &limits) != 0)
		fail("setrlimit");
}

/* What E3 needs as a user without rights. */
static void
prepare_for_e3(void)
{
	limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	limit(RLIMIT_NOFILE, E3_FILES);
	limit(RLIMIT_CORE, 0);
	if (mkdir(E3_RUN, 0750) != 0 || chown(E3_RUN, E3_USER, E3_USER) != 0)
		fail(E3_RUN);
	if (chown(NSM_DEVICE, E3_USER, E3_USER) != 0 || chmod(NSM_DEVICE, 0600) != 0)
		fail(NSM_DEVICE);
}

/* A process without rights, in the child; its id, in init. */
static pid_t
start_as(uid_t user)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	if (setsid() < 0 || setgroups(0, NULL) != 0 || setgid(user) != 0 ||
		setuid(user) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
	{
		say("user %u: %s", (unsigned) user, strerror(errno));
		_exit(127);
	}
	(void) umask(077);
	return 0;
}

/* E3 alone may connect. */
static int
listen_for_kms(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KMS_SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) != 0 ||
		chown(KMS_SOCKET, E3_USER, E3_USER) != 0 || chmod(KMS_SOCKET, 0600) != 0 ||
		listen(fd, 1) != 0)
		fail(KMS_SOCKET);
	return fd;
}

/* For one question of E3's; then it ends. */
static void
open_way_to_kms(void)
{
	struct sockaddr_vm address;
	const E3Forward forward = {.to = (const struct sockaddr *) &address,
							   .to_len = sizeof(address),
							   .wait_ms = KMS_WAIT_MS,
							   .talk_ms = KMS_TALK_MS,
							   .bytes_most = KMS_BYTES};
	uint32_t port;
	int listener;

	if (!read_number(KMS_FILE, &port))
		return;
	address = parent(port);
	listener = listen_for_kms();
	if (start_as(KMS_USER) != 0)
	{
		close(listener);
		return;
	}
	limit(RLIMIT_NOFILE, KMS_FILES);
	say("the way to %u:%u is closed: %s", address.svm_cid, port,
		e3_forward_text(e3_forward_once(listener, &forward)));
	_exit(0);
}

static pid_t
start_e3(void)
{
	char *const arguments[] = {E3, "--config", E3_CONFIG, NULL};
	char *const environment[] = {NULL};
	pid_t pid = start_as(E3_USER);

	if (pid != 0)
		return pid;
	execve(E3, arguments, environment);
	say("%s: %s", E3, strerror(errno));
	_exit(127);
}

/* Until E3 ends; whose parent has ended is buried as well. */
static void
wait_for(pid_t e3)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(-1, &status, 0);
	while (pid != e3 && (pid > 0 || errno == EINTR));
	if (WIFSIGNALED(status))
		say("E3 was ended by signal %d", WTERMSIG(status));
	else
		say("E3 ended with status %d", WEXITSTATUS(status));
}

int
main(void)
{
	mount_all();
	open_console();
	load_modules();
	write_text("/proc/sys/kernel/modules_disabled", "1");
	start_loopback();
	prepare_for_e3();
	give_sign_of_life();
	open_way_to_kms();
	wait_for(start_e3());
	end_enclave();
}
