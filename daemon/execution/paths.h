#pragma once
// The layout of the data directory, in one place.

#include <string>

#include "core/run/records.h"

namespace assetd {

struct DataPaths {
  std::string data_dir;  ///< absolute

  std::string store() const { return data_dir + "/store.sqlite"; }
  std::string backups() const { return data_dir + "/backups"; }
  std::string lock() const { return data_dir + "/lock"; }
  std::string supervisor_socket() const { return data_dir + "/supervisor.sock"; }
  std::string supervisor_log() const { return data_dir + "/supervisor.log"; }
  std::string claims() const { return data_dir + "/claims"; }
  std::string artifacts() const { return data_dir + "/artifacts"; }
  std::string import_state(const std::string& name) const { return data_dir + "/imports/" + name; }
  std::string workers_dir() const { return data_dir + "/workers"; }
  std::string messages_dir() const { return data_dir + "/messages"; }
  std::string messages(const AttemptId& id) const { return messages_dir() + "/" + id; }
  std::string context(const AttemptId& id) const { return data_dir + "/contexts/" + id; }
  std::string attempt_dir(const AttemptId& id) const { return data_dir + "/attempts/" + id + ".d"; }
  std::string log_dir(RunId run) const { return data_dir + "/logs/" + std::to_string(run); }
  std::string log(RunId run, const AttemptId& id, bool err) const { return log_dir(run) + "/" + id + (err ? ".err" : ".out"); }
};

}  // namespace assetd
