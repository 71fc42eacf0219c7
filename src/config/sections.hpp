// The tables of the configuration (SPEC §7), one a section.
#pragma once

#include "config/schema.hpp"
#include "seedhook/config/config.hpp"

namespace seedhook::config {

// Each lives for ever and may be read from any thread.
const section<listener>& listener_table();
const section<source>& source_table();
const section<tls_files>& tls_table();
const section<gateway>& gateway_table();
const section<control>& control_table();
const section<poll>& poll_table();
const section<retention>& retention_table();
const section<sink>& directory_sink_table(); // of a sink whose `type` is directory, with what every sink has
const section<sink>& exec_sink_table();
const section<sink>& s3_sink_table();
const section<sink>& webhook_sink_table();
const section<settings>& settings_table();
const section<settings>& control_only_table(); // reads `control` and passes over all else

section<sink> common_sink_table(); // what every sink has, to add to

// Reads a sink by the table of its `type`.
struct sink_reader {
    using value_type = sink;
    void read(const place& at, sink& into) const;
    shape describe() const;
    std::string show(const sink&) const { return {}; }
};

} // namespace seedhook::config
