/*
 * keyring/store.c
 *	  The keyring file, loaded and saved.
 */
#include "keyring/store.h"

#include "base/file.h"
#include "base/secret.h"
#include "keyring/payload.h"
#include "keyring/wrap.h"

/* How a file is written: created, or replaced. */
typedef E3FileResult (*WriteFile)(const char *path, EvwBytes bytes);

static EvwStatus
file_status(E3FileResult result)
{
	switch (result)
	{
		case E3_FILE_OK:
			return EVW_OK;
		case E3_FILE_SHARED:
			return EVW_KEYRING_PERMISSIONS;
		case E3_FILE_TOO_LONG:
			return EVW_KEYRING_FORMAT;
		case E3_FILE_NO_MEMORY:
			return EVW_OUT_OF_MEMORY;
		case E3_FILE_MISSING:
		case E3_FILE_IO:
			break;
	}
	return EVW_KEYRING_IO;
}

static EvwStatus
read_keyring(EvwBytes payload, uint64_t generation, E3Keyring **keyring)
{
	E3Keyring *made = e3_keyring_new();
	EvwStatus status = made != NULL ? e3_payload_read(payload, made) : EVW_OUT_OF_MEMORY;

	if (status != EVW_OK)
	{
		e3_keyring_release(made);
		return status;
	}
	e3_keyring_set_generation(made, generation);
	*keyring = made;
	return EVW_OK;
}

EvwStatus
e3_store_load(const char *path, const E3Kek *kek, E3Keyring **keyring)
{
	EvwBuf file;
	EvwBuf payload;
	uint64_t generation;
	EvwStatus status;

	*keyring = NULL;
	e3_buf_init(&file);
	e3_buf_init(&payload);
	status = file_status(e3_file_read(path, E3_FILE_PRIVATE, E3_STORE_FILE_MAX, &file));
	if (status == EVW_OK)
		status =
			e3_wrap_open(kek, (EvwBytes){file.data, file.len}, &generation, &payload);
	if (status == EVW_OK)
		status = read_keyring((EvwBytes){payload.data, payload.len}, generation, keyring);
	e3_buf_release(&payload);
	e3_buf_release(&file);
	return status;
}

uint64_t
e3_store_claimed_generation(const char *path)
{
	EvwBuf file;
	uint64_t generation = 0;

	e3_buf_init(&file);
	if (e3_file_read(path, E3_FILE_ANY, E3_STORE_FILE_MAX, &file) == E3_FILE_OK)
		generation = e3_wrap_claimed_generation((EvwBytes){file.data, file.len});
	e3_buf_release(&file);
	return generation;
}

EvwStatus
e3_store_kind(const char *path, E3CustodyKind *kind)
{
	EvwBuf file;
	EvwStatus status;

	e3_buf_init(&file);
	status = file_status(e3_file_read(path, E3_FILE_PRIVATE, E3_STORE_FILE_MAX, &file));
	if (status == EVW_OK && !e3_wrap_kind((EvwBytes){file.data, file.len}, kind))
		status = EVW_KEYRING_FORMAT;
	e3_buf_release(&file);
	return status;
}

static EvwStatus
write_keyring(const char *path, const E3Kek *kek, const E3Keyring *keyring,
			  WriteFile write)
{
	EvwBuf payload;
	EvwBuf file;
	EvwStatus status;

	e3_buf_init(&payload);
	e3_buf_init(&file);
	e3_payload_write(&payload, keyring);
	status = payload.status;
	if (status == EVW_OK)
		status = e3_wrap_seal(kek, e3_keyring_generation(keyring),
							  (EvwBytes){payload.data, payload.len}, &file);
	if (status == EVW_OK)
		status = file_status(write(path, (EvwBytes){file.data, file.len}));
	e3_buf_release(&file);
	e3_buf_release(&payload);
	return status;
}

EvwStatus
e3_store_save(const char *path, const E3Kek *kek, const E3Keyring *keyring)
{
	return write_keyring(path, kek, keyring, e3_file_replace);
}

EvwStatus
e3_store_create(const char *path, const E3Kek *kek, const E3Keyring *keyring)
{
	return write_keyring(path, kek, keyring, e3_file_create);
}
