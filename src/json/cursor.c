/*
 * json/cursor.c
 *	  A document token by token, with what of it is meant by paths.
 *
 * What the next value is to be is known before the iterator is asked for it: from its
 * key or its number.  So containers that no path leads into are not opened.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "json/cursor.h"

void
evc_json_cursor_init(EvcJsonCursor *cursor, const EvcPaths *paths, Jsonb *document)
{
	cursor->paths = paths;
	cursor->iterator = JsonbIteratorInit(&document->root);
	cursor->reach = paths == NULL ? EVC_REACH_ALL : evc_paths_begin(paths, &cursor->set);
	/* A scalar is an array of one for the iterator, which no path leads into. */
	if (JB_ROOT_IS_SCALAR(document) && cursor->reach == EVC_REACH_PART)
	{
		cursor->reach = EVC_REACH_NONE;
		memset(&cursor->set, 0, sizeof(cursor->set));
	}
	cursor->depth = 0;
	cursor->inside = 0;
	cursor->too_deep = false;
}

static EvcJsonLevel *
top(EvcJsonCursor *cursor)
{
	return &cursor->levels[cursor->depth - 1];
}

/* Before an element of an array, or its end. */
static void
look_at_element(EvcJsonCursor *cursor)
{
	EvcJsonLevel *level;

	if (cursor->inside > 0 || cursor->depth == 0)
		return;
	level = top(cursor);
	if (level->next < level->count)
		cursor->reach = evc_paths_element(cursor->paths, cursor->depth - 1, &level->set,
										  level->next++, level->count, &cursor->set);
}

static void
look_at_key(EvcJsonCursor *cursor, const JsonbValue *key)
{
	if (cursor->inside == 0)
		cursor->reach = evc_paths_key(cursor->paths, cursor->depth - 1, &top(cursor)->set,
									  key->val.string.val, (uint32) key->val.string.len,
									  &cursor->set);
}

/* False if this is too deep. */
static bool
open_container(EvcJsonCursor *cursor, JsonbIteratorToken token, const JsonbValue *value)
{
	EvcJsonLevel *level;

	if (cursor->reach == EVC_REACH_ALL)
	{
		cursor->inside++;
		return cursor->depth + cursor->inside <= EVC_JSON_DEPTH_MAX;
	}
	Assert(cursor->depth < EVC_PATH_ELEMENTS_MAX);
	level = &cursor->levels[cursor->depth++];
	level->set = cursor->set;
	level->next = 0;
	level->count = token == WJB_BEGIN_ARRAY ? (uint32) value->val.array.nElems : 0;
	return true;
}

static void
close_container(EvcJsonCursor *cursor)
{
	if (cursor->inside > 0)
		cursor->inside--;
	else
		cursor->depth--;
}

JsonbIteratorToken
evc_json_cursor_next(EvcJsonCursor *cursor, JsonbValue *value, bool *meant)
{
	JsonbIteratorToken token;

	CHECK_FOR_INTERRUPTS();
	look_at_element(cursor);
	token = JsonbIteratorNext(&cursor->iterator, value, cursor->reach == EVC_REACH_NONE);
	*meant = (token == WJB_ELEM || token == WJB_VALUE) && cursor->reach == EVC_REACH_ALL;
	switch (token)
	{
		case WJB_KEY:
			look_at_key(cursor, value);
			break;
		case WJB_BEGIN_ARRAY:
		case WJB_BEGIN_OBJECT:
			if (open_container(cursor, token, value))
				break;
			cursor->too_deep = true;
			return WJB_DONE;
		case WJB_END_ARRAY:
		case WJB_END_OBJECT:
			close_container(cursor);
			break;
		case WJB_ELEM:
		case WJB_VALUE:
		case WJB_DONE:
			break;
	}
	return token;
}
