#include "core/config/train_config.h"
#include "widgets/config_form.h"

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include <algorithm>
#include <set>

using namespace nanodit;

namespace {

VisitFunction visitOf(TrainConfig& config)
{
    return [&config](FieldVisitor& visitor) { config.visit(visitor); };
}

/// "group.key" of every line of our YAML, which is two levels deep at most.
std::set<std::string> keysOfYaml(const std::string& yaml)
{
    std::set<std::string> keys;
    std::string group;
    for (const auto& line : QString::fromStdString(yaml).split('\n')) {
        const auto colon = line.indexOf(':');
        if (colon < 0 || line.trimmed().startsWith('#') || line.trimmed().startsWith('-'))
            continue;
        const auto key = line.left(colon).trimmed().toStdString();
        if (!line.startsWith(' '))
            group = line.mid(colon + 1).trimmed().isEmpty() ? key : std::string();
        if (!line.startsWith(' ') && !group.empty())
            continue;
        keys.insert(line.startsWith(' ') ? group + "." + key : key);
    }
    return keys;
}

} // namespace

class TestConfigForm : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void formAndYamlListTheSameKeys()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        const auto listed = form.keys();
        const std::set<std::string> ofForm(listed.begin(), listed.end());
        QCOMPARE(ofForm.size(), listed.size());
        const auto ofYaml = keysOfYaml(toYaml(config));
        QVERIFY(ofYaml.size() > 30);
        QVERIFY(ofForm == ofYaml);
    }

    void everyValueSurvivesTheWayThroughTheForm()
    {
        TrainConfig config;
        config.optimiser.lr = 3.14e-5;
        config.seed = 8999999999999999;
        config.optimiser.betas = {0.8, 0.999};
        config.model.patchPosition = PatchPosition::Sincos;
        config.model.qkNorm = true;
        config.data.shards = "mine";
        config.warmStart.rename = {"a=>b", "c=>d"};
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        TrainConfig back;
        writeFields(visitOf(back), form.values());
        QCOMPARE(toYaml(back), toYaml(config));
    }

    void anEditedFieldIsMarkedAndCanBeSetBack()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        form.show();
        QSignalSpy edited(&form, &ConfigForm::edited);
        form.setValue("schedule.steps", std::int64_t(1234));
        QCOMPARE(edited.count(), 1);
        TrainConfig changed = config;
        writeFields(visitOf(changed), form.values());
        QCOMPARE(changed.schedule.steps, 1234);

        const auto resets = form.findChildren<QToolButton*>();
        const auto shown = std::count_if(resets.begin(), resets.end(), [](const QToolButton* button) {
            return button->isVisibleTo(button->window()) && button->toolTip() == QStringLiteral("Reset to default");
        });
        QCOMPARE(shown, 1);
        for (auto* const button : resets) {
            if (button->isVisibleTo(button->window()) && button->toolTip() == QStringLiteral("Reset to default"))
                button->click();
        }
        writeFields(visitOf(changed), form.values());
        QCOMPARE(changed.schedule.steps, config.schedule.steps);
    }

    void searchAndChangedOnlyNarrowTheForm()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        form.show();
        const auto shown = [&form] {
            QStringList names;
            for (const auto& key : form.keys()) {
                if (form.findChild<QWidget*>(QString::fromStdString(key))->isVisibleTo(&form))
                    names << QString::fromStdString(key);
            }
            return names;
        };
        QCOMPARE(shown().size(), static_cast<qsizetype>(form.keys().size()));
        form.findChild<QLineEdit*>()->setText("warmup");
        QCOMPARE(shown(), (QStringList{"schedule.warmup_steps", "ema.warmup"}));
        form.findChild<QLineEdit*>()->clear();
        form.setValue("ema.decay", 0.5);
        for (auto* const box : form.findChildren<QCheckBox*>()) {
            if (box->text() == QStringLiteral("Only changed settings"))
                box->setChecked(true);
        }
        QCOMPARE(shown(), QStringList{"ema.decay"});
    }

    void issuesAreListedWithTheirKey()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        form.show();
        form.showIssues({{"model.num_heads", "must divide hidden_size (768), but is 7"}});
        const auto labels = form.findChildren<QLabel*>();
        QVERIFY(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
            return label->isVisible() && label->text().contains("must divide hidden_size (768)");
        }));
    }
};

QTEST_MAIN(TestConfigForm)
#include "tst_config_form.moc"
