// completion bash | zsh | fish: scripts made from the very tree of commands, so that they cannot lag behind it.
#include <iostream>

#include "cli/command_line.h"

namespace assetd::cli {
namespace {

constexpr const char* kBash = R"sh(# assetctl completion bash; to have it: source <(assetctl completion bash)
_assetctl() {
  local word=${COMP_WORDS[COMP_CWORD]} path=assetctl i
  local -A words=(
@WORDS@  )
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ -n ${words["$path ${COMP_WORDS[i]}"]+x} ]] && path="$path ${COMP_WORDS[i]}"
  done
  local choices=${words[$path]}
  case $path in
    @ASSETS@) [[ $word == -* ]] || choices+=" $(assetctl names assets 2>/dev/null)" ;;
    @RUNS@) [[ $word == -* ]] || choices+=" $(assetctl names runs 2>/dev/null)" ;;
    @SCHEDULES@) [[ $word == -* ]] || choices+=" $(assetctl names schedules 2>/dev/null)" ;;
    @SENSORS@) [[ $word == -* ]] || choices+=" $(assetctl names sensors 2>/dev/null)" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _assetctl assetctl
)sh";

constexpr const char* kZsh = R"sh(#compdef assetctl
# assetctl completion zsh; to have it: source <(assetctl completion zsh)
_assetctl() {
  local at=assetctl i choices
  local -A known=(
@WORDS@  )
  for ((i = 2; i < CURRENT; i++)); do
    (( ${+known[$at ${words[i]}]} )) && at="$at ${words[i]}"
  done
  choices=(${=known[$at]})
  case $at in
    (@ASSETS@) choices+=(${(f)"$(assetctl names assets 2>/dev/null)"}) ;;
    (@RUNS@) choices+=(${(f)"$(assetctl names runs 2>/dev/null)"}) ;;
    (@SCHEDULES@) choices+=(${(f)"$(assetctl names schedules 2>/dev/null)"}) ;;
    (@SENSORS@) choices+=(${(f)"$(assetctl names sensors 2>/dev/null)"}) ;;
  esac
  compadd -a choices
}
compdef _assetctl assetctl
)sh";

constexpr const char* kDynamic[][2] = {
    {"@ASSETS@", "'assetctl materialize'|'assetctl check'|'assetctl lineage'|'assetctl assets show'|'assetctl assets list'"},
    {"@RUNS@", "'assetctl runs show'|'assetctl runs logs'|'assetctl runs cancel'|'assetctl runs retry'|'assetctl runs priority'|'assetctl runs wait'"},
    {"@SCHEDULES@", "'assetctl schedules pause'|'assetctl schedules resume'|'assetctl schedules trigger'|'assetctl schedules next'"},
    {"@SENSORS@", "'assetctl sensors show'|'assetctl sensors ticks'|'assetctl sensors pause'|'assetctl sensors resume'|'assetctl sensors trigger'|'assetctl sensors test'|'assetctl sensors reset'"}};

bool shown(const CLI::App* app) { return !app->get_group().empty(); }

std::string words_of(const CLI::App& app) {
  std::string out;
  for (const auto* command : app.get_subcommands(shown)) out += command->get_name() + " ";
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) out += "--" + name + " ";
  }
  if (!out.empty()) out.pop_back();
  return out;
}

using Visit = std::function<void(const std::string&, const CLI::App&)>;
void walk(const CLI::App& app, const std::string& path, const Visit& visit) {
  visit(path, app);
  for (const auto* command : app.get_subcommands(shown)) walk(*command, path + " " + command->get_name(), visit);
}

std::string filled(std::string script, const std::string& words) {
  const auto replace = [&](const std::string& mark, const std::string& with) {
    const auto at = script.find(mark);
    script.replace(at, mark.size(), with);
  };
  replace("@WORDS@", words);
  for (const auto& [mark, paths] : kDynamic) replace(mark, paths);
  return script;
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\'");
  return "'" + text + "'";
}

/// fish completes command by command; __fish_seen_subcommand_from tells where the line is.
std::string fish(const CLI::App& root) {
  std::string out = "# assetctl completion fish; to have it: assetctl completion fish | source\ncomplete -c assetctl -f\n";
  walk(root, "", [&](const std::string& path, const CLI::App& app) {
    std::string condition = "__fish_use_subcommand";
    if (!path.empty()) {
      condition = "string match -q -- " + quoted("assetctl" + path + "*") + " (string join ' ' (commandline -opc))";
    }
    for (const auto* command : app.get_subcommands(shown)) {
      out += "complete -c assetctl -n " + quoted(condition) + " -a " + command->get_name() + " -d " + quoted(command->get_description()) + "\n";
    }
    for (const auto* option : app.get_options()) {
      for (const auto& name : option->get_lnames()) {
        out += "complete -c assetctl -n " + quoted(condition) + " -l " + name + " -d " + quoted(option->get_description()) + "\n";
      }
    }
    for (const auto& [mark, paths] : kDynamic) {
      if (path.empty() || std::string(paths).find("'assetctl" + path + "'") == std::string::npos) continue;
      const std::string kind = mark == std::string("@ASSETS@") ? "assets" : mark == std::string("@RUNS@") ? "runs" : mark == std::string("@SENSORS@") ? "sensors" : "schedules";
      out += "complete -c assetctl -n " + quoted(condition) + " -a '(assetctl names " + kind + " 2>/dev/null)'\n";
    }
  });
  return out;
}

struct CompletionOptions {
  std::string shell;
  const CLI::App* root = nullptr;
};

int print_completion(Session& session, const CompletionOptions& options) {
  std::string words;
  walk(*options.root, "assetctl", [&](const std::string& path, const CLI::App& app) {
    words += options.shell == "zsh" ? "    '" + path + "' '" + words_of(app) + "'\n" : "    ['" + path + "']='" + words_of(app) + "'\n";
  });
  if (options.shell == "fish") session.out << fish(*options.root);
  else session.out << filled(options.shell == "zsh" ? kZsh : kBash, words);
  return kOk;
}

struct NamesOptions {
  std::string of;
};

/// What completion scripts ask for: one name a line.
int print_names(Session& session, const NamesOptions& options) {
  const auto page = options.of == "schedules" || options.of == "sensors" ? session.api->get("/" + options.of) : session.api->list("/" + options.of, {}, options.of == "runs" ? 50 : 10'000);
  if (!page) return session.fail(page.error());
  const std::string field = options.of == "assets" ? "key" : options.of == "runs" ? "id" : "name";
  for (const auto& item : (*page)["items"]) session.out << text_at(item, field) << "\n";
  return kOk;
}

}  // namespace

void add_completion_command(CommandLine& line) {
  const auto options = std::make_shared<CompletionOptions>();
  options->root = &line.app;
  add_command(line.app, line, "completion", "a completion script for a shell", options, print_completion)
      ->add_option("shell", options->shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));

  const auto names = std::make_shared<NamesOptions>();
  auto* command = add_command(line.app, line, "names", "", names, print_names);
  command->group("");  // for completion scripts, not for people
  command->add_option("of", names->of)->required()->check(CLI::IsMember({"assets", "runs", "schedules", "sensors"}));
}

}  // namespace assetd::cli
