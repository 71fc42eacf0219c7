// Submissions on their way to upstream, so that one whose answer is lost can be told of.
#include "store/sqlite/commands.hpp"
#include "store/sqlite/rows.hpp"

namespace seedhook::sqlite {

begin_submission_reply transaction::run(const begin_submission_command& c) {
    db_.run("INSERT INTO submissions (source, what, lost, at) VALUES (?, ?, '', ?)", c.source, c.what,
            to_column(c.now));
    return {db_.last_id()};
}

end_submission_reply transaction::run(const end_submission_command& c) {
    if (c.lost.empty()) {
        db_.run("DELETE FROM submissions WHERE id = ?", c.intent);
        return {};
    }
    std::string detail;
    {
        cursor rows = db_.query("SELECT source, what FROM submissions WHERE id = ? AND lost = ''", c.intent);
        if (!rows.next()) {
            return {};
        }
        detail = "source " + rows.text(0) + ": " + rows.text(1) + ": " + c.lost;
    }
    db_.run("UPDATE submissions SET lost = ? WHERE id = ?", c.lost, c.intent);
    db_.run("INSERT INTO events (id, task, at, kind, detail, body) VALUES (?, 0, ?, 'lost', ?, '')", next_event(),
            to_column(c.now), detail);
    return {};
}

} // namespace seedhook::sqlite
