// How a task comes along, told while it is waited for, and where it ended.
#pragma once

#include "seedhook/model/time.hpp"

#include <boost/json/object.hpp>

#include <iosfwd>
#include <string>

namespace seedhook::cli {

// `task` is the control API's throughout. What others wrote is made printable.
class progress {
public:
    // On a terminal one line is written over and over; else a line for each change. `to` must outlive this.
    progress(std::ostream& to, bool terminal) : to_(to), terminal_(terminal) {}
    void show(const boost::json::object& task, duration elapsed);
    void end(); // what is written next begins a line

private:
    std::ostream& to_;
    bool terminal_;
    std::string last_;
};

// A line for each delivery: the sink, and the file's place or what keeps it.
std::string places(const boost::json::object& task);

// True for a task whose video has reached every sink that wants it.
bool ended_well(const boost::json::object& task);

// Why the task, which is at rest, did not end well, and what a person may do; ends with a newline.
std::string why_not(const boost::json::object& task);

} // namespace seedhook::cli
