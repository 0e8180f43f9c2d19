#include "tests/support/active_window.h"
#include "widgets/commands.h"
#include "widgets/factories.h"
#include "widgets/key_guard.h"
#include "widgets/page_frame.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>
#include <QVBoxLayout>

using namespace nanodit;

/// A page with commands, as they are pressed and as they are listed.
class TestCommands : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        page_ = std::make_unique<QWidget>();
        auto* const column = new QVBoxLayout(page_.get());
        frame_ = new PageFrame("Page", page_.get());
        column->addWidget(frame_);
        field_ = new QLineEdit(page_.get());
        box_ = new QCheckBox("Box", page_.get());
        column->addWidget(field_);
        column->addWidget(box_);
        commands_ = new Commands(page_.get());
        QCoreApplication::instance()->installEventFilter(&guard_);
        page_->show();
        QVERIFY(test::activate(*page_));
        page_->setFocus();
    }

    void enterPressesTheButtonThatHasTheFocus()
    {
        auto* const start = frame_->addAction("Begin", "play", "Begin", true);
        start->setObjectName("begin");
        auto* const other = makeButton("Other", {}, {}, false, page_.get());
        page_->layout()->addWidget(other);
        int started = 0, others = 0;
        connect(start, &QAction::triggered, this, [&] { ++started; });
        connect(other, &QPushButton::clicked, this, [&] { ++others; });
        for (const auto key : {Qt::Key_Return, Qt::Key_Space}) {
            QTest::keyClick(page_->findChild<QPushButton*>("begin"), key);
            QTest::keyClick(other, key);
        }
        QTest::keyClick(other, Qt::Key_Enter, Qt::KeypadModifier);
        QCOMPARE(started, 2);
        QCOMPARE(others, 3);
    }

    void aClickLeavesTheFocusWhereItWas()
    {
        auto* const now = frame_->addAction("Now", "play", "Now", false);
        now->setObjectName("now");
        int times = 0;
        connect(now, &QAction::triggered, this, [&] { ++times; });
        auto* const button = page_->findChild<QPushButton*>("now");
        QTRY_VERIFY_WITH_TIMEOUT(button->isVisible(), 60000); // it joined a page that was shown
        field_->setFocus();
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(times, 1);
        QVERIFY(field_->hasFocus()); // and Space is the field's
        button->setFocus(Qt::TabFocusReason);
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(times, 2);
        QVERIFY(button->hasFocus()); // it had it before
    }

    void aButtonAndItsKeyAreOneCommand()
    {
        auto* const start = frame_->addAction("Start", "play", "Begin", true);
        start->setObjectName("start");
        int started = 0;
        connect(start, &QAction::triggered, this, [&] { ++started; });
        commands_->bind(start, Qt::CTRL | Qt::Key_Return, "start");
        auto* const button = page_->findChild<QPushButton*>("start");
        QVERIFY(button != nullptr && button->isVisible());
        QVERIFY2(button->toolTip().contains("Begin") && button->toolTip().contains("Ctrl+Enter"),
                 qPrintable(button->toolTip()));
        QTest::mouseClick(button, Qt::LeftButton);
        QTest::keyClick(page_.get(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(started, 2);
        start->setText("Resume"); // the key stays
        QCOMPARE(button->text(), QString("Resume"));
        QTest::keyClick(page_.get(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(started, 3);
        QTest::keyClick(page_.get(), Qt::Key_Enter, Qt::ControlModifier | Qt::KeypadModifier); // the number pad's
        QCOMPARE(started, 4);
        started = 3;
        button->setFocus();
        start->setVisible(false);
        QVERIFY(!button->isVisible() && !button->hasFocus());
        QTest::keyClick(page_.get(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(started, 3);
        start->setVisible(true);
        start->setEnabled(false);
        QVERIFY(button->isVisible() && !button->isEnabled());
    }

    void aCheckableCommandAndItsButtonAgree()
    {
        auto* const plane = frame_->addAction("Plane", "grid", "Show the plane");
        plane->setObjectName("plane");
        plane->setCheckable(true);
        commands_->bind(plane, Qt::Key_G, "plane");
        auto* const button = page_->findChild<QPushButton*>("plane");
        QTest::mouseClick(button, Qt::LeftButton);
        QVERIFY(plane->isChecked() && button->isChecked());
        QTest::keyClick(page_.get(), Qt::Key_G);
        QVERIFY(!plane->isChecked() && !button->isChecked());
    }

    void controlsKeepTheKeysThatTheyAreWorkedWith()
    {
        int pressed = 0;
        commands_->add(Qt::Key_Space, "pause", [&] { ++pressed; });
        commands_->add(Qt::Key_R, "roll", [&] { ++pressed; });
        box_->setFocus();
        QTest::keyClick(box_, Qt::Key_Space);
        QVERIFY(box_->isChecked());
        field_->setFocus();
        QTest::keyClicks(field_, "r ");
        QCOMPARE(field_->text(), QString("r "));
        QCOMPARE(pressed, 0);
        page_->setFocus();
        QTest::keyClick(page_.get(), Qt::Key_Space);
        QTest::keyClick(page_.get(), Qt::Key_R);
        box_->setFocus();
        QTest::keyClick(box_, Qt::Key_R);
        QCOMPARE(pressed, 3);
    }

    void theListIsMadeOfTheCommands()
    {
        std::vector<std::pair<QKeySequence, Commands::Act>> views;
        for (int i = 0; i < 7; ++i)
            views.emplace_back(Qt::Key_1 + i, [] {});
        auto* const part = new QWidget(page_.get());
        auto* const ofPart = new Commands(part);
        ofPart->add(views, "views");
        commands_->note("arrows", "step");
        commands_->add({{Qt::Key_B, [] {}}, {Qt::SHIFT | Qt::Key_B, [] {}}}, "next block, the one before");
        const auto lines = commandLines(*page_); // the page's own first
        QCOMPARE(lines.size(), std::size_t(3));
        QCOMPARE(lines[0].keys, QString("arrows"));
        QCOMPARE(lines[1].keys, QString("B, Shift+B"));
        QCOMPARE(lines[1].meaning, QString("next block, the one before"));
        QCOMPARE(lines[2].keys, QString("1 to 7"));
    }

    void cleanup()
    {
        QCoreApplication::instance()->removeEventFilter(&guard_);
        page_.reset();
    }

private:
    KeyGuard guard_;
    std::unique_ptr<QWidget> page_;
    PageFrame* frame_ = nullptr;
    QLineEdit* field_ = nullptr;
    QCheckBox* box_ = nullptr;
    Commands* commands_ = nullptr;
};

QTEST_MAIN(TestCommands)
#include "tst_commands.moc"
