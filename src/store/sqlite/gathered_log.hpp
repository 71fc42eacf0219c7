// SQLite writes its log in two calls a page, a frame's head and its page; a commit of one callback made eighteen. This
// layer under SQLite (https://www.sqlite.org/vfs.html) gathers what follows on and hands it to the system in one call,
// at the latest when SQLite syncs the file. It needs synchronous=FULL, with which SQLite shows a commit to other
// connections only after that sync; with less they would read frames that are not there yet.
#pragma once

namespace seedhook::sqlite {

// The name to open connections with. Registers the layer when first asked; throws sqlite_failure when SQLite cannot.
const char* gathered_log();

} // namespace seedhook::sqlite
