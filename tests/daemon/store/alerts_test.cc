// The outbox of alerts: what is committed with a run is there after a restart.
#include "daemon/store/prune.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

AlertRecord alert_of(const std::string& id, const std::string& cause, AlertState state = AlertState::pending) {
  AlertRecord alert;
  alert.id = id;
  alert.rule = "ops";
  alert.event = "check_failed";
  alert.at = at_ms(1);
  alert.run = 7;
  alert.asset = "gold";
  alert.check = "rows";
  alert.reason = "check_failed";
  alert.detail = "é\nand more";
  alert.skipped = 5;
  alert.cause = cause;
  alert.open = true;
  alert.body = {{"id", id}, {"title", "x"}};
  alert.state = state;
  alert.attempts = 3;
  alert.last_error = "HTTP 500";
  alert.next_attempt_at = at_ms(2);
  alert.silence = "5f3a9c21";
  return alert;
}

std::string alert_text_of(const AlertRecord& alert) {
  const auto time = [](const std::optional<WallTime>& at) { return at ? std::to_string(at->time_since_epoch().count()) : "-"; };
  std::string text;
  for (const auto& part : {alert.id, alert.rule, alert.event, time(alert.at), std::to_string(alert.run), alert.asset, alert.check, alert.reason, alert.detail, std::to_string(alert.skipped), alert.cause,
                           std::to_string(alert.open), alert.body.dump(), std::string(to_string(alert.state)), std::to_string(alert.attempts), alert.last_error, time(alert.next_attempt_at),
                           time(alert.delivered_at), time(alert.resolved_at), alert.silence, std::to_string(alert.repeats)})
    text += part + "|";
  return text;
}

CommitBatch batch_of(std::vector<AlertChange> changes) {
  CommitBatch batch;
  batch.alerts = std::move(changes);
  return batch;
}

std::vector<std::string> live_ids(TemporaryStore& t) {
  std::vector<std::string> ids;
  for (const auto& alert : t.load().alerts) ids.push_back(alert.id);
  return ids;
}

AlertRecord stored_alert(TemporaryStore& t, const std::string& id) { return open_reader_of(t.path)->alert(id).value().value(); }

using Ids = std::vector<std::string>;

TEST(StoredAlerts, ComeBackWholeAfterARestart) {
  TemporaryStore t;
  t.commit(batch_of({AlertRaised{alert_of("1", "gold:rows")}}));
  t.reopen();
  const auto alerts = t.load().alerts;
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alert_text_of(alerts[0]), alert_text_of(alert_of("1", "gold:rows")));
}

TEST(StoredAlerts, EveryStateComesBack) {
  TemporaryStore t;
  for (const auto state : {AlertState::pending, AlertState::delivered, AlertState::failed, AlertState::silenced}) {
    const std::string id(to_string(state));
    t.commit(batch_of({AlertRaised{alert_of(id, id, state)}}));
    EXPECT_EQ(stored_alert(t, id).state, state);
    EXPECT_EQ(parse_alert_state(id), state);
  }
}

TEST(StoredAlerts, AnAttemptIsKeptWithItsEnd) {
  TemporaryStore t;
  auto alert = alert_of("1", "a");
  alert.open = false;
  t.commit(batch_of({AlertRaised{alert}}));
  alert.attempts = 4;
  alert.last_error = "";
  alert.state = AlertState::delivered;
  alert.next_attempt_at.reset();
  alert.delivered_at = at_ms(9);
  t.commit(batch_of({AlertAttempted{alert}}));
  EXPECT_EQ(alert_text_of(stored_alert(t, "1")), alert_text_of(alert));
  EXPECT_EQ(live_ids(t), Ids{}) << "neither pending nor open";
}

TEST(StoredAlerts, OneOfARootCauseIsOpenUntilItIsMended) {
  TemporaryStore t;
  t.commit(batch_of({AlertRaised{alert_of("1", "a", AlertState::delivered)}, AlertRaised{alert_of("2", "b", AlertState::delivered)}, AlertRepeated{"1"}, AlertRepeated{"1"}}));
  EXPECT_EQ(live_ids(t), (Ids{"1", "2"}));
  EXPECT_EQ(stored_alert(t, "1").repeats, 2);
  t.commit(batch_of({AlertRaised{alert_of("3", "a", AlertState::delivered)}}));
  EXPECT_EQ(live_ids(t), (Ids{"2", "3"}));
  t.commit(batch_of({AlertResolved{"ops", "a", at_ms(5)}}));
  EXPECT_EQ(live_ids(t), Ids{"2"});
  EXPECT_EQ(stored_alert(t, "3").resolved_at, at_ms(5));
  EXPECT_FALSE(stored_alert(t, "1").resolved_at);
}

TEST(StoredAlerts, SilencesStandUntilTheyEnd) {
  TemporaryStore t;
  const Silence silence{"5f3a9c21", "ops", "gold+", "night", "ann", at_ms(1), at_ms(5)};
  t.commit(batch_of({SilenceAdded{silence}, SilenceAdded{{"00000001", "", "", "", "bob", at_ms(1), at_ms(3)}}}));
  const auto found = t.load().silences;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(std::tie(found[0].id, found[0].rule, found[0].select, found[0].reason, found[0].by, found[0].created_at, found[0].until),
            std::tie(silence.id, silence.rule, silence.select, silence.reason, silence.by, silence.created_at, silence.until));
  EXPECT_EQ(open_reader_of(t.path)->silences(at_ms(3))->size(), 1U);
  t.commit(batch_of({SilenceEnded{"5f3a9c21"}}));
  EXPECT_EQ(t.load().silences.size(), 1U);
}

TEST(StoredAlerts, GoWithTheEventsButNotWhatIsStillToBeDelivered) {
  TemporaryStore t;
  t.commit(batch_of({AlertRaised{alert_of("1", "a")}, AlertRaised{alert_of("2", "b", AlertState::delivered)}, AlertRaised{alert_of("3", "c", AlertState::failed)},
                     SilenceAdded{{"00000001", "", "", "", "bob", at_ms(1), at_ms(3)}}, SilenceAdded{{"00000002", "", "", "", "bob", at_ms(1), at_ms(9'000)}}}));
  PruneSweep sweep({at_ms(0), at_ms(100), at_ms(0), at_ms(0)});
  while (!sweep.over()) ASSERT_TRUE(t.store->prune(sweep, {.rows = 100}));
  EXPECT_EQ(live_ids(t), Ids{"1"});
  EXPECT_EQ(open_reader_of(t.path)->alerts({}, {})->items.size(), 1U);
  EXPECT_EQ(t.load().silences.size(), 1U);
}

}  // namespace
}  // namespace assetd
