#include "core/config/train_config.h"
#include "widgets/config_form.h"
#include "widgets/number_edit.h"

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QRegularExpression>
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

    void otherValuesOfTheSameSettingsKeepTheForm()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        auto* const depth = form.findChild<QWidget*>("model.depth");
        form.setValue("model.depth", std::int64_t(3));
        config.model.depth = 5;
        config.data.shards = "others";
        const QSignalSpy edited(&form, &ConfigForm::edited);
        form.setFields(readFields(visitOf(config)));
        QCOMPARE(edited.count(), 0);
        QCOMPARE(form.findChild<QWidget*>("model.depth"), depth);
        TrainConfig back;
        writeFields(visitOf(back), form.values());
        QCOMPARE(toYaml(back), toYaml(config));
        form.setFields({});
        QVERIFY(form.keys().empty());
    }

    void aZeroThatIsNoNumberIsShownInWords()
    {
        TrainConfig config;
        config.model.textDim = 0;
        const auto fields = readFields(visitOf(config));
        static const QRegularExpression saysSo(QStringLiteral("\\b0(:| takes| makes| keeps| switches)"));
        for (const auto& field : fields) {
            const bool number = field.value.index() == 1 || field.value.index() == 2;
            const bool special = number && QString::fromStdString(field.help).contains(saysSo);
            QVERIFY2(special == !field.zero.empty(), field.key.c_str());
        }
        ConfigForm form;
        form.setFields(fields);
        auto* const width = form.findChild<NumberEdit*>("model.text_dim");
        QVERIFY(width != nullptr);
        QCOMPARE(width->text(), QString("from the data"));
        form.setValue("model.text_dim", std::int64_t(768));
        QCOMPARE(width->text(), QString("768"));
        form.setValue("model.text_dim", std::int64_t(0));
        QCOMPARE(std::get<std::int64_t>(form.values().at("model.text_dim")), std::int64_t(0));
    }

    void aListOfKnownNamesIsTicked()
    {
        TrainConfig config;
        config.validation.tasks = {"text_only", "of another version", "reconstruction"};
        auto fields = readFields(visitOf(config));
        const auto tasks = std::ranges::find(fields, "validation.tasks", &ConfigField::key);
        QVERIFY(tasks != fields.end());
        tasks->names = {"reconstruction", "dino_swap", "text_only"};
        ConfigForm form;
        form.setFields(fields);
        const auto now = [&form] { return std::get<std::vector<std::string>>(form.values().at("validation.tasks")); };
        QCOMPARE(now(), config.validation.tasks); // in its order, with what has no box
        auto* const swap = form.findChild<QCheckBox*>("validation.tasks.dino_swap");
        QVERIFY(swap != nullptr && !swap->isChecked());
        QCOMPARE(swap->text(), QString("Dino swap"));
        swap->click();
        form.findChild<QCheckBox*>("validation.tasks.text_only")->click();
        QCOMPARE(now(), (std::vector<std::string>{"of another version", "reconstruction", "dino_swap"}));
    }

    void aPathCanBeChosen()
    {
        TrainConfig config;
        auto fields = readFields(visitOf(config));
        std::ranges::find(fields, "warm_start.checkpoint", &ConfigField::key)->path = true;
        ConfigForm form;
        form.setFields(fields);
        QSignalSpy wanted(&form, &ConfigForm::browseWanted);
        auto* const menu = form.findChild<QToolButton*>("warm_start.checkpoint.choose")->menu();
        menu->actions().at(0)->trigger();
        QCOMPARE(wanted.takeFirst(), QVariantList({"warm_start.checkpoint", true}));
        menu->actions().at(1)->trigger();
        QCOMPARE(wanted.takeFirst(), QVariantList({"warm_start.checkpoint", false}));
        form.setValue("warm_start.checkpoint", std::string("runs/first/checkpoints/step-00000004"));
        writeFields(visitOf(config), form.values());
        QCOMPARE(config.warmStart.checkpoint, std::string("runs/first/checkpoints/step-00000004"));
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
            return button->isVisibleTo(button->window()) && button->toolTip() == QStringLiteral("Reset this setting");
        });
        QCOMPARE(shown, 1);
        for (auto* const button : resets) {
            if (button->isVisibleTo(button->window()) && button->toolTip() == QStringLiteral("Reset this setting"))
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
        const auto* const none = form.findChild<QLabel*>("noSettings");
        QVERIFY(!none->isVisible());
        form.findChild<QLineEdit*>()->setText("warmup");
        QVERIFY(shown().isEmpty());
        QVERIFY(none->isVisible() && !none->text().isEmpty()); // not an empty form without a word
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

    void whyASettingIsLockedIsSaidAlsoAfterAnIssue()
    {
        TrainConfig config;
        ConfigForm form;
        form.setFields(readFields(visitOf(config)));
        const auto* const heads = form.findChild<QWidget*>("model.num_heads");
        const auto* const steps = form.findChild<QWidget*>("schedule.steps");
        form.lock({"model."}, "as the weights have it");
        QVERIFY(!heads->isEnabled() && steps->isEnabled());
        form.showIssues({{"model.num_heads", "is < 1"}});
        QCOMPARE(heads->toolTip(), QString("<p>is &lt; 1</p>"));
        form.showIssues({});
        QVERIFY2(heads->toolTip().contains("as the weights have it"), qPrintable(heads->toolTip()));
        QVERIFY(!steps->toolTip().contains("as the weights have it"));
        form.lock({}, {});
        QVERIFY(heads->isEnabled() && !heads->toolTip().contains("as the weights have it"));
    }
};

QTEST_MAIN(TestConfigForm)
#include "tst_config_form.moc"
