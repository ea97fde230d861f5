#include "supervisor/logic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd::supervisor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kA(32, 'a'), kB(32, 'b');
const End kExit3{.outcome = Outcome::exited, .exit_code = 3, .started_at_ms = 5, .ended_at_ms = 6};
const StopOrder kTerm{{15}, 1000};

/// One word for an action, or for the event it sends.
std::string word(const Action& action) {
  if (const auto* send = std::get_if<Send>(&action)) {
    const auto& event = send->event;
    const std::string to = std::to_string(send->connection) + ":";
    if (std::holds_alternative<Welcome>(event)) return to + "welcome";
    if (const auto* started = std::get_if<Started>(&event)) return to + "started " + started->attempt[0];
    if (const auto* ended = std::get_if<Ended>(&event)) return to + "ended " + ended->attempt[0];
    if (const auto* listing = std::get_if<Listing>(&event))
      return to + "listing " + std::to_string(listing->rows.size());
    if (std::holds_alternative<Pong>(event)) return to + "pong";
    return to + "refused " + std::get<Refused>(event).why;
  }
  static const char* kNames[] = {"",          "close",        "start_shim", "claim_as_ended", "order_stop", "kill_tree",
                                 "write_end", "remove_claim", "load_worker", "exit"};
  return kNames[action.index()];
}

class LogicTest : public ::testing::Test {
 protected:
  std::vector<std::string> give(Input input) {
    actions = logic.handle(std::move(input), 1000);
    std::vector<std::string> words;
    for (const auto& action : actions) words.push_back(word(action));
    return words;
  }
  std::vector<std::string> command(Command command, ConnectionId from = 1) {
    return give(Received{from, std::move(command)});
  }
  void hello(ConnectionId from = 1, std::uint64_t generation = 1, const std::string& store = "store") {
    give(Opened{from});
    command(Hello{1, 1, store, generation}, from);
  }
  static Spawn spawn_of(const std::string& attempt) { return {.attempt = attempt, .argv = {"true"}}; }
  void begin(const std::string& attempt) {
    command(spawn_of(attempt));
    give(ShimStarted{attempt, 100});
    give(StepStarted{attempt, {101, 5}});
  }
  const End& end_in_last_event() const { return std::get<Ended>(std::get<Send>(actions.back()).event).end; }

  Logic logic{42, "boot", ""};
  Actions actions;
};

TEST_F(LogicTest, AnAttemptFromSpawnToAcknowledgement) {
  hello();
  EXPECT_THAT(command(spawn_of(kA)), ElementsAre("start_shim"));
  EXPECT_THAT(give(ShimStarted{kA, 100}), ElementsAre());
  EXPECT_THAT(give(StepStarted{kA, {101, 5}}), ElementsAre("1:started a"));
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("1:ended a"));
  EXPECT_EQ(end_in_last_event(), kExit3);
  EXPECT_THAT(command(Ack{{kA}}), ElementsAre("remove_claim"));
  EXPECT_TRUE(logic.attempts().empty());
  EXPECT_THAT(command(Ack{{kA}}), ElementsAre()) << "a second acknowledgement is harmless";
}

TEST_F(LogicTest, ASpawnSentAgainIsAnsweredNotExecuted) {
  hello();
  command(spawn_of(kA));
  EXPECT_THAT(command(spawn_of(kA)), ElementsAre()) << "its start will be told";
  give(StepStarted{kA, {101, 5}});
  EXPECT_THAT(command(spawn_of(kA)), ElementsAre("1:started a"));
  give(ShimGone{kA, kExit3});
  EXPECT_THAT(command(spawn_of(kA)), ElementsAre("1:ended a"));
}

TEST_F(LogicTest, ASpawnWhoseClaimExistsTakesWhatTheClaimSays) {
  hello();
  command(spawn_of(kA));
  EXPECT_THAT(give(ClaimFound{.attempt = kA, .store_id = "store", .end = kExit3}), ElementsAre("1:ended a"));
}

TEST_F(LogicTest, ASpawnThatFailsNeverStarted) {
  hello();
  command(spawn_of(kA));
  EXPECT_THAT(give(SpawnFailed{kA, "no space"}), ElementsAre("write_end", "1:ended a"));
  EXPECT_EQ(end_in_last_event().outcome, Outcome::never_started);
  EXPECT_EQ(end_in_last_event().detail, "no space");
  EXPECT_EQ(end_in_last_event().cause, Cause::none);
}

TEST_F(LogicTest, ASpawnThatFailsForWantOfRoomSaysSo) {
  hello();
  command(spawn_of(kA));
  give(SpawnFailed{kA, "no space", true});
  EXPECT_EQ(end_in_last_event().cause, Cause::no_space);
}

TEST_F(LogicTest, AShimWithoutRecordIsLostAfterItsTreeIsGone) {
  hello();
  begin(kA);
  EXPECT_THAT(give(ShimGone{kA, {}}), ElementsAre("kill_tree"));
  EXPECT_THAT(command(List{}), ElementsAre("1:listing 1")) << "not ended while something of it may run";
  EXPECT_THAT(give(TreeGone{kA}), ElementsAre("write_end", "1:ended a"));
  EXPECT_EQ(end_in_last_event().outcome, Outcome::lost);
  EXPECT_EQ(end_in_last_event().started_at_ms, 5);
}

TEST_F(LogicTest, AClaimOfThisBootWithoutShimIsKilledThenLost) {
  EXPECT_THAT(give(ClaimFound{.attempt = kA}), ElementsAre("kill_tree"));
  EXPECT_THAT(give(TreeGone{kA}), ElementsAre("write_end"));
  EXPECT_THAT(give(ClaimFound{.attempt = kB, .same_boot = false}), ElementsAre("write_end"));
  hello();
  EXPECT_THAT(command(List{}), ElementsAre("1:listing 2", "1:ended a", "1:ended b"));
}

TEST_F(LogicTest, WhatTheDaemonSawRunAndHasNoClaimIsKilledBeforeItIsLost) {
  hello();
  begin(kB);
  EXPECT_THAT(command(List{{kA, kB}}), ElementsAre("kill_tree", "1:listing 2"));
  EXPECT_TRUE(std::get<KillTree>(actions[0]).unclaimed);
  EXPECT_TRUE(std::get<Listing>(std::get<Send>(actions[1]).event).rows[0].running) << "or the daemon took it for lost";
  EXPECT_THAT(command(List{{kA, kB}}), ElementsAre("1:listing 2")) << "it is being killed already";
  EXPECT_THAT(give(TreeGone{kA}), ElementsAre("1:ended a"));
  EXPECT_EQ(end_in_last_event().outcome, Outcome::lost);
  EXPECT_THAT(end_in_last_event().detail, HasSubstr("no claim of it"));
  hello(2, 2);
  EXPECT_THAT(command(List{{kA}}, 2), ElementsAre("2:listing 2", "2:ended a")) << "a daemon that died before it could commit that";
}

TEST_F(LogicTest, WhoTakesNoSpawnsDoesNotKillWhatItDoesNotKnow) {
  hello();
  begin(kB);
  command(Shutdown{});
  EXPECT_THAT(command(List{{kA}}), ElementsAre("1:listing 1")) << "the supervisor beside it may have its claim";
}

TEST_F(LogicTest, OneWhoseFolderIsGoneEndsOnceNothingRunsAndNobodyIsConnected) {
  EXPECT_THAT(give(FolderGone{}), ElementsAre("exit")) << "no daemon ever came";
  hello();
  EXPECT_THAT(give(FolderGone{}), ElementsAre());
  begin(kA);
  give(Closed{1});
  EXPECT_THAT(give(FolderGone{}), ElementsAre());
  give(ShimGone{kA, kExit3});
  EXPECT_THAT(give(FolderGone{}), ElementsAre("exit"));
}

TEST_F(LogicTest, AnAdoptedAttemptGoesOn) {
  give(ClaimFound{
      .attempt = kA, .store_id = "store", .shim_alive = true, .shim = 100, .start = Start{101, 5}, .stop = kTerm});
  hello();
  EXPECT_THAT(command(Stop{kA, kTerm}), ElementsAre()) << "the stop it was given before goes on";
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("1:ended a"));
  EXPECT_FALSE(end_in_last_event().stopped) << "it had ended when the stop came, its shim says";
}

TEST_F(LogicTest, AStopIsPassedOnOnceAndReplacedByAnother) {
  hello();
  begin(kA);
  EXPECT_THAT(command(Stop{kA, kTerm}), ElementsAre("order_stop"));
  EXPECT_THAT(command(Stop{kA, kTerm}), ElementsAre());
  EXPECT_THAT(command(Stop{kA, {{}, 0}}), ElementsAre("order_stop"));
  give(ShimGone{kA, kExit3});
  EXPECT_THAT(command(Stop{kA, kTerm}), ElementsAre("1:ended a"));
}

TEST_F(LogicTest, AStopOfTheUnknownRevokesIt) {
  hello();
  EXPECT_THAT(command(Stop{kA, kTerm}), ElementsAre("claim_as_ended", "1:ended a"));
  EXPECT_EQ(end_in_last_event().outcome, Outcome::never_started);
  EXPECT_THAT(command(spawn_of(kA)), ElementsAre("1:ended a"));
}

TEST_F(LogicTest, EndsAreSaidAfterEveryHelloUntilAcknowledged) {
  hello();
  begin(kA);
  give(Closed{1});
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre()) << "nobody listens";
  give(Opened{2});
  EXPECT_THAT(command(Hello{1, 1, "store", 2}, 2), ElementsAre("2:welcome", "2:ended a"));
  command(Ack{{kA}}, 2);
  EXPECT_THAT(command(Hello{1, 1, "store", 2}, 2), ElementsAre("2:welcome"));
}

TEST_F(LogicTest, OnlyTheNewestGenerationCommands) {
  hello(1, 5);
  hello(2, 6);
  EXPECT_THAT(command(spawn_of(kA), 1), ElementsAre("1:refused generation", "close"));
  EXPECT_THAT(command(Hello{1, 1, "store", 5}, 3), ElementsAre("3:refused generation", "close"));
  EXPECT_THAT(command(List{}, 4), ElementsAre("4:refused generation", "close")) << "it said no hello";
  EXPECT_THAT(command(spawn_of(kA), 2), ElementsAre("start_shim"));
}

TEST_F(LogicTest, AConnectionThatItsDaemonHasLeftDoesNotTakeOverAgain) {
  hello(2, 5);
  EXPECT_THAT(command(Hello{1, 1, "store", 5}, 1), ElementsAre("1:refused generation", "close")) << "read late: the daemon gave it up for connection 2";
  EXPECT_THAT(command(spawn_of(kA), 2), ElementsAre("start_shim"));
  give(Closed{2});
  EXPECT_THAT(command(Hello{1, 1, "store", 5}, 3), ElementsAre("3:welcome"));
}

TEST_F(LogicTest, WithoutACommonProtocolItFinishesWhatItHasAndTakesNothingNew) {
  hello();
  begin(kA);
  EXPECT_THAT(command(Hello{{2, 3}, "store", 2}, 2), ElementsAre("2:welcome"));
  EXPECT_EQ(std::get<Welcome>(std::get<Send>(actions[0]).event).protocol, 0);
  EXPECT_THAT(command(spawn_of(kB), 2), ElementsAre("2:refused protocol"));
  EXPECT_THAT(command(List{}, 2), ElementsAre("2:listing 1"));
  EXPECT_THAT(command(Stop{kA, kTerm}, 2), ElementsAre("order_stop"));
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("2:ended a", "exit"));
}

TEST_F(LogicTest, WithoutACommonProtocolAndWithNothingToDoItEnds) {
  EXPECT_THAT(command(Hello{{2, 3}, "store", 1}), ElementsAre("1:welcome", "exit"));
}

TEST_F(LogicTest, ADaemonThatSpeaksItAgainIsServedAgain) {
  hello();
  begin(kA);
  command(Hello{{2, 3}, "store", 2}, 2);
  command(Hello{{1, 2}, "store", 3}, 3);
  EXPECT_EQ(std::get<Welcome>(std::get<Send>(actions[0]).event).protocol, 1);
  EXPECT_THAT(command(spawn_of(kB), 3), ElementsAre("start_shim"));
}

TEST_F(LogicTest, WhatAnotherSupervisorHoldsIsListedAndTakenOverOrForgotten) {
  hello();
  const ClaimFound left{.attempt = kA, .store_id = "store", .shim_alive = true};
  give(left);
  EXPECT_THAT(command(List{}), ElementsAre("1:listing 1"));
  EXPECT_THAT(give(ClaimFound{.attempt = kA, .store_id = "store", .end = kExit3}), ElementsAre("1:ended a")) << "its holder is gone";
  EXPECT_THAT(give(ClaimGone{kA}), ElementsAre()) << "an end of ours waits for its acknowledgement";
  give(ClaimFound{.attempt = kB, .store_id = "store", .shim_alive = true});
  EXPECT_THAT(give(ClaimGone{kB}), ElementsAre()) << "its holder has told of it";
  EXPECT_THAT(command(List{}), ElementsAre("1:listing 1", "1:ended a"));
}

TEST_F(LogicTest, AnotherStoreWaitsForWhatAnotherSupervisorHolds) {
  hello(1, 5, "before");
  give(ClaimFound{.attempt = kA, .store_id = "before", .shim_alive = true});
  EXPECT_THAT(command(Hello{1, 1, "restored", 1}, 2), ElementsAre("2:welcome", "order_stop"));
  EXPECT_THAT(command(List{}, 2), ElementsAre());
  EXPECT_THAT(give(ClaimGone{kA}), ElementsAre("remove_claim", "2:listing 0"));
}

TEST_F(LogicTest, AnotherStoreEndsWhatIsNotItsOwn) {
  hello(1, 5, "before");
  begin(kA);
  begin(kB);
  give(ShimGone{kB, kExit3});
  give(Opened{2});
  EXPECT_THAT(command(Hello{1, 1, "restored", 1}, 2), ElementsAre("2:welcome", "order_stop", "remove_claim"));
  EXPECT_THAT(command(List{}, 2), ElementsAre()) << "not before nothing of the other store runs";
  EXPECT_THAT(command(Ping{}, 2), ElementsAre("2:pong")) << "it does not hang";
  EXPECT_THAT(command(spawn_of(kB), 2), ElementsAre());
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("remove_claim", "2:listing 0", "start_shim"));
  EXPECT_THAT(command(List{}, 2), ElementsAre("2:listing 1"));
}

TEST_F(LogicTest, WhatADaemonAskedBeforeItWentIsNotDoneLater) {
  hello(1, 5, "before");
  begin(kA);
  hello(2, 1, "restored");
  command(spawn_of(kB), 2);
  give(Closed{2});
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("remove_claim"));
}

TEST_F(LogicTest, WhatRunsIsNotForgottenByAnAck) {
  hello();
  begin(kA);
  EXPECT_THAT(command(Ack{{kA}}), ElementsAre("1:refused ack of an attempt that has not ended"));
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("1:ended a"));
}

TEST_F(LogicTest, ShutdownRefusesSpawnsAndWaits) {
  hello();
  begin(kA);
  EXPECT_THAT(command(Shutdown{}), ElementsAre());
  EXPECT_THAT(command(spawn_of(kB)), ElementsAre("1:refused draining"));
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("1:ended a", "exit"));
}

TEST_F(LogicTest, AWorkerIsLoadedInAdvanceWhileSpawnsAreTaken) {
  EXPECT_THAT(command(Preload{}), ElementsAre("1:refused generation", "close")) << "only the daemon may";
  hello();
  EXPECT_THAT(command(Preload{}), ElementsAre("load_worker"));
  begin(kA);
  command(Shutdown{});
  EXPECT_THAT(command(Preload{}), ElementsAre());
}

TEST(OnDemandTest, ItExitsWhenItsDaemonIsGoneAndNothingRuns) {
  Logic logic(42, "boot", "", /*on_demand=*/true);
  const auto give = [&](Input input) {
    std::vector<std::string> words;
    for (const auto& action : logic.handle(std::move(input), 1000)) words.push_back(word(action));
    return words;
  };
  EXPECT_THAT(give(ClaimFound{.attempt = kB, .store_id = "store", .end = kExit3}), ElementsAre()) << "no daemon has come yet";
  give(Received{1, Hello{1, 1, "store", 1}});
  give(Received{1, Spawn{.attempt = kA, .argv = {"true"}}});
  give(ShimStarted{kA, 100});
  EXPECT_THAT(give(Closed{1}), ElementsAre()) << "a step runs";
  EXPECT_THAT(give(ShimGone{kA, kExit3}), ElementsAre("exit"));
}

/// The daemon that started it could not listen, say.
TEST(OnDemandTest, ItExitsWhereNoDaemonEverComesOnceNothingRuns) {
  Logic logic(42, "boot", "", /*on_demand=*/true);
  EXPECT_TRUE(logic.handle(ClaimFound{.attempt = kA, .store_id = "store", .shim_alive = true, .shim = 100, .start = Start{101, 5}, .stop = {}}, 1000).empty());
  EXPECT_TRUE(logic.handle(NobodyCame{}, 1000).empty()) << "a step runs";
  const auto actions = logic.handle(ShimGone{kA, kExit3}, 1000);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(word(actions[0]), "exit");
}

TEST_F(LogicTest, OneThatIsNotThereOnDemandStaysWithoutADaemon) {
  EXPECT_THAT(give(NobodyCame{}), ElementsAre());
  hello();
  EXPECT_THAT(give(Closed{1}), ElementsAre());
}

TEST(MessageTest, BadCommandsSayWhatIsWrong) {
  const auto why = [](const char* text) { return parse_command(text).error().why; };
  EXPECT_EQ(why("{"), "not valid JSON");
  EXPECT_EQ(why("[]"), "a command is a JSON object");
  EXPECT_EQ(why(R"({"op":"jump"})"), "unknown op 'jump': it is one of hello, spawn, stop, list, ack, preload, shutdown, ping");
  EXPECT_EQ(why(R"({"op":"stop","attempt":"../../etc"})"), "'attempt' must be 32 lower-case hex digits");
  const auto bad =
      parse_command(R"({"op":"stop","attempt":"0123456789abcdef0123456789abcdef","signals":["WINCH"],"grace_ms":1})")
          .error();
  EXPECT_EQ(bad.why, "unknown signal 'WINCH': use INT, TERM, HUP, QUIT, USR1, USR2 or KILL");
  EXPECT_EQ(bad.attempt, "0123456789abcdef0123456789abcdef");
  EXPECT_FALSE(bad.of_spawn);
  EXPECT_TRUE(parse_command(R"({"op":"spawn","attempt":"0123456789abcdef0123456789abcdef","argv":["a\u0000b"]})").error().of_spawn);
  EXPECT_EQ(
      why(R"({"op":"spawn","attempt":"0123456789abcdef0123456789abcdef","argv":[],"env":[],"cwd":"/","stdout":"o","stderr":"e"})"),
      "'argv' names no program");
}

TEST(MessageTest, AnEndHoldsWhatItsOutcomeNeeds) {
  EXPECT_EQ(
      to_json(Ended{kA, kExit3}),
      R"({"attempt":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","ended_at_ms":6,"exit_code":3,"op":"ended","outcome":"exited",)"
      R"("started_at_ms":5,"stopped":false,"usage":{"max_rss_kb":0,"system_ms":0,"user_ms":0}})");
}

}  // namespace
}  // namespace assetd::supervisor
