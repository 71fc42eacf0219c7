// SQLite writes its log in two calls a page, a frame's head and its page; a commit of one callback made eighteen. This
// layer under SQLite (https://www.sqlite.org/vfs.html) gathers what follows on and hands it to the system in one call,
// at the latest when SQLite syncs the file. Nothing else is changed: before a sync nothing of it counts as written.
#pragma once

namespace seedhook::sqlite {

// The name to open connections with. Registers the layer when first asked; throws sqlite_failure when SQLite cannot.
const char* gathered_log();

} // namespace seedhook::sqlite
