#include "core/io/atomic_file.h"
#include "core/io/model_folder.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>
#include <zlib.h>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;
using namespace std::string_literals;

namespace {

template<typename Number>
std::string raw(Number number)
{
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

/// A stored zip archive of named records; `method` and `flags` as the directory shall claim them.
std::string zipOf(const std::vector<std::pair<std::string, std::string>>& records, std::uint16_t method = 0,
                  std::uint16_t flags = 0)
{
    std::string file, directory;
    for (const auto& [name, data] : records) {
        const auto sum = static_cast<std::uint32_t>(
            crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
        const auto size = static_cast<std::uint32_t>(data.size());
        const auto common = raw<std::uint16_t>(20) + raw(flags) + raw(method) + raw<std::uint32_t>(0) + raw(sum) +
                            raw(size) + raw(size) + raw(static_cast<std::uint16_t>(name.size())) +
                            raw<std::uint16_t>(0);
        directory += "PK\1\2"s + raw<std::uint16_t>(20) + common + raw<std::uint16_t>(0) + raw<std::uint32_t>(0) +
                     raw<std::uint16_t>(0) + raw<std::uint16_t>(0) + raw(static_cast<std::uint32_t>(file.size())) +
                     name;
        // The comment, disk, attribute fields above: 2 + 2 + 2 + 4 bytes.
        file += "PK\3\4"s + common + name + data;
    }
    const auto count = static_cast<std::uint16_t>(records.size());
    const auto end = "PK\5\6"s + raw<std::uint32_t>(0) + raw(count) + raw(count) +
                     raw(static_cast<std::uint32_t>(directory.size())) + raw(static_cast<std::uint32_t>(file.size())) +
                     raw<std::uint16_t>(0);
    return file + directory + end;
}

PtFile parse(const std::string& bytes)
{
    const auto owner = std::make_shared<const std::string>(bytes);
    return PtFile::parse(std::as_bytes(std::span(owner->data(), owner->size())), owner, "case.pt");
}

PtFile parsePickle(const std::string& pickle)
{
    return parse(zipOf({{"case/data.pkl", pickle}}));
}

std::string refusalOf(const std::string& pickle)
{
    return errorOf([&] { parsePickle(pickle); });
}

} // namespace

class TorchFileTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsTheStateDict()
    {
        for (const auto* name : {"checkpoint.pt", "checkpoint_legacy.pt", "bare_state_dict.pt"}) {
            const auto tensors = PtFile::read(test::dataPath("golden/torch_pt") / name).stateDict();
            QCOMPARE(tensors.size(), 14u);
            QCOMPARE(tensors.at("emb.weight").shape, (std::vector<std::int64_t>{11, 8}));
            QCOMPARE(tensors.at("emb.weight").bytes.data(), tensors.at("head.weight").bytes.data());
        }
        QVERIFY(PtFile::read(test::dataPath("golden/torch_pt/nested_parameters.pt"))
                    .stateDict()
                    .contains("module.emb.weight"));
        const auto bare = PtFile::read(test::dataPath("golden/torch_pt/bare_tensor.pt"));
        QVERIFY(contains(errorOf([&] { bare.stateDict(); }), "no state dict"));
    }

    void arraysOutliveTheFile()
    {
        std::map<std::string, Array> tensors;
        {
            tensors = PtFile::read(test::dataPath("golden/torch_pt/checkpoint.pt")).stateDict();
        }
        float first = 0;
        std::memcpy(&first, tensors.at("emb.weight").bytes.data(), sizeof first);
        QVERIFY(std::abs(first - -0.3472525477409363f) < 1e-9f);
    }

    void everyTruncationIsAnError_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("zip") << "bare_tensor.pt";
        QTest::newRow("legacy") << "views_shared_legacy.pt";
    }
    void everyTruncationIsAnError()
    {
        QFETCH(QString, file);
        const auto whole = readTextFile(test::dataPath("golden/torch_pt") / file.toStdString());
        parse(whole);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const auto message = errorOf([&] { parse(whole.substr(0, length)); });
            QVERIFY2(message.starts_with("case.pt"), std::to_string(length).c_str());
        }
    }

    void everyDamagedByteIsAnErrorOrReadSafely()
    {
        const auto whole = readTextFile(test::dataPath("golden/torch_pt/views_shared_legacy.pt"));
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const char flip : {'\x01', '\x80', '\xff'}) {
                auto damaged = whole;
                damaged[at] = static_cast<char>(damaged[at] ^ flip);
                try {
                    for (const auto& [name, array] : parse(damaged).stateDict())
                        if (array.elements() < 100000)
                            inRowMajorOrder(
                                array); // Reads every element: out of bounds would show under the sanitizer.
                } catch (const DataError&) {
                }
            }
        }
    }

    void executesNothing()
    {
        const auto command = "touch pwned"s;
        const auto argument = "X"s + raw(static_cast<std::uint32_t>(command.size())) + command + "\x85R.";
        for (const auto* global :
             {"cposix\nsystem\n", "cos\nsystem\n", "cbuiltins\nexec\n", "cbuiltins\neval\n", "cbuiltins\ngetattr\n",
              "csubprocess\nPopen\n", "ctorch\nload\n", "cnumpy.testing._private.utils\nrunstring\n",
              "cimportlib\nimport_module\n", "coperator\nattrgetter\n", "c__builtin__\n__import__\n",
              "ctorch._utils\n_rebuild_tensor_v2.__globals__\n"}) {
            QVERIFY2(contains(refusalOf("\x80\x02"s + global + argument), "refused"), global);
            QVERIFY2(contains(refusalOf("\x80\x02"s + global + "."), "refused"), global);
        }
        // The same through STACK_GLOBAL, NEWOBJ and INST.
        QVERIFY(contains(refusalOf("\x80\x04\x8c\x05posix\x8c\x06system\x93."), "refused"));
        QVERIFY(!refusalOf("\x80\x02"s + "ccollections\nOrderedDict\n)\x81.").empty());
        QVERIFY(!refusalOf("\x80\x02(iposix\nsystem\n."s).empty());
        QVERIFY(!std::filesystem::exists("pwned"));
    }

    /// Made by hand in the format of torch.save, with classes that were never there: DiT-style checkpoints,
    /// Lightning's, configurations of OmegaConf, numbers of NumPy.
    void otherObjectsAreLeftUninterpreted_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QStringList>("foreign");
        QTest::addColumn<QStringList>("places");
        QTest::newRow("namespace") << "namespace.pt" << QStringList{"argparse.Namespace"}
                                   << QStringList{"model", "ema"};
        QTest::newRow("numpy") << "numpy.pt"
                               << QStringList{"numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
                                              "numpy.dtype", "numpy.ndarray"}
                               << QStringList{"model"};
        QTest::newRow("omegaconf") << "omegaconf.pt"
                                   << QStringList{"__builtin__.dict", "omegaconf.base.ContainerMetadata",
                                                  "omegaconf.dictconfig.DictConfig"}
                                   << QStringList{"state_dict"};
        QTest::newRow("path") << "path.pt" << QStringList{"pathlib.PurePosixPath"} << QStringList{"model"};
        QTest::newRow("defaultdict") << "defaultdict.pt" << QStringList{"__builtin__.list"} << QStringList{"model"};
        QTest::newRow("lightning") << "lightning.ckpt"
                                   << QStringList{"__main__.TrainArgs",
                                                  "pytorch_lightning.utilities.parsing.AttributeDict"}
                                   << QStringList{"state_dict"};
        QTest::newRow("protocol 4") << "protocol4.pt" << QStringList{"argparse.Namespace"}
                                    << QStringList{"net", "params_ema"};
        QTest::newRow("deep") << "deep.pt" << QStringList{} << QStringList{"checkpoint.model.state_dict"};
    }
    void otherObjectsAreLeftUninterpreted()
    {
        QFETCH(QString, file);
        QFETCH(QStringList, foreign);
        QFETCH(QStringList, places);
        const auto read = PtFile::read(test::dataPath("io/foreign_objects/" + file.toStdString()));
        QStringList names, found;
        for (const auto& name : read.foreignObjects())
            names << QString::fromStdString(name);
        foreign.removeAll("__builtin__.dict"); // which a rule builds
        QCOMPARE(names, foreign);
        for (const auto& dict : read.stateDicts())
            found << QString::fromStdString(dict.place);
        QCOMPARE(found, places);
        const auto tensors = read.stateDict();
        QVERIFY(tensors.contains("a.weight") || tensors.contains("model.a.weight"));
    }

    void filesWithoutAStateDictSayWhatTheyHold()
    {
        const auto refusal = [](const char* file) {
            return errorOf([&] { PtFile::read(test::dataPath("io/foreign_objects") / file).stateDict(); });
        };
        QVERIFY(contains(refusal("no_weights.pt"), "a dictionary with the keys \"epoch\", \"args\", \"optimizer\""));
        QVERIFY(contains(refusal("whole_module.pt"), "a whole object of the class torch.nn.modules.linear.Linear"));
        QVERIFY(contains(errorOf([] { parsePickle("\x80\x02}."s).stateDict(); }), "an empty dictionary"));
        QVERIFY(contains(errorOf([] { parsePickle("\x80\x02]."s).stateDict(); }), "a list"));
        // {"a": numpy.zeros(1)}
        const auto arrays = errorOf([] {
            parsePickle("\x80\x02}X\x01\0\0\0a"
                        "cnumpy.core.multiarray\n_reconstruct\n)Rs."s)
                .stateDict();
        });
        QVERIFY2(contains(arrays, "the keys \"a\", whose values are arrays of NumPy, not tensors"), arrays.c_str());
        // {"model": an object of my.Net}, as torch.save({"model": model}) writes it
        const auto inside = errorOf([] {
            parsePickle("\x80\x02}X\x05\0\0\0model"
                        "cmy\nNet\n)\x81s."s)
                .stateDict();
        });
        QVERIFY2(contains(inside, "\"model\" is a whole object of the class my.Net, not its state_dict()"),
                 inside.c_str());
    }

    void weightsInATupleAreFound()
    {
        // ({"w": a float32 of one element}, 3), as torch.save((model.state_dict(), epoch)) writes it
        const auto tensor = "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
                            "X\1\0\0\0"
                            "0X\3\0\0\0cpuK\1tQK\0K\1\x85K\1\x85\x89}tR"s;
        const auto pickle = "\x80\x02}X\1\0\0\0w"s + tensor + "sK\3\x86."s;
        const auto file = parse(zipOf({{"case/data.pkl", pickle}, {"case/data/0", std::string(4, '\0')}}));
        const auto found = file.stateDicts();
        QCOMPARE(found.size(), 1u);
        QCOMPARE(found[0].place, "0"s);
        QVERIFY(found[0].tensors.contains("w"));
    }

    void quantisedStoragesAreCalledWhatTheyAre()
    {
        const auto message = refusalOf("\x80\x02(X\7\0\0\0storagectorch\nQInt8Storage\nX\1\0\0\0"
                                       "0X\3\0\0\0cpuK\1tQ."s);
        QVERIFY2(contains(message, "quantised tensors (torch.QInt8Storage)"), message.c_str());
    }

    void foreignObjectsTakeWhatTheyAreGiven()
    {
        const auto foreign = "\x80\x02"
                             "cmy.package\nThing\n"s;
        for (const auto& rest : {"."s, ")R."s, ")\x81."s, ")}\x92."s, ")\x81}b."s, ")\x81(K\1K\2u."s, ")\x81(K\1e."s})
            QCOMPARE(parsePickle(foreign + rest).foreignObjects(), std::vector<std::string>{"my.package.Thing"});
        QVERIFY(refusalOf("\x80\x02"
                          "c__builtin__\nxrange\nK\3\x85R."s)
                    .empty()); // protocol 2 writes range by the name that Python 2 had
        QCOMPARE(parsePickle("\x80\x02(imy.package\nThing\n."s).foreignObjects(),
                 std::vector<std::string>{"my.package.Thing"});
        QVERIFY(!refusalOf("\x80\x02K\1)\x81."s).empty());
        QVERIFY(!refusalOf("\x80\x02(o."s).empty());
    }

    void attributesAreSetOnStateDictsOnly()
    {
        QVERIFY(refusalOf("\x80\x02}}b."s).empty());
        QVERIFY(contains(refusalOf("\x80\x02]}b."s), "sets attributes"));
    }

    void nonsenseIsOneClearError_data()
    {
        QTest::addColumn<QByteArray>("pickle");
        const auto row = [](const char* name, const std::string& pickle) {
            QTest::newRow(name) << QByteArray(pickle.data(), static_cast<qsizetype>(pickle.size()));
        };
        row("nothing", "");
        row("only stop", "\x80\x02."s);
        row("pop below mark", "\x80\x02}(0."s);
        row("appends to a tuple", "\x80\x02)Na."s);
        row("appends without mark", "\x80\x02]e."s);
        row("odd items", "\x80\x02}(Nu."s);
        row("unknown memo", "\x80\x02h\x05."s);
        row("huge text", "\x80\x02X\xff\xff\xff\xff."s);
        row("huge bytes", "\x80\x03\x8e\xff\xff\xff\xff\xff\xff\xff\xff."s);
        row("calls a number", "\x80\x02K\x05)R."s);
        row("calls a type", "\x80\x02"
                            "ctorch\nFloatStorage\n)R."s);
        row("calls without tuple", "\x80\x02"
                                   "ccollections\nOrderedDict\n]R."s);
        row("storage that is none", "\x80\x02NQ."s);
        row("tensor without storage", "\x80\x02"
                                      "ctorch._utils\n_rebuild_tensor_v2\n)R."s);
        row("protocol to come", "\x80\x06N."s);
        row("digits that are none", "Ix\n."s);
        row("no digits", "I\n."s);
        row("long digits that are none", "L1234567890123456789012x4L\n."s);
        row("text without quotes", "Sa\n."s);
        row("memo without a number", "Np\n."s);
        row("dictionary of half a pair", "(Nd."s);
        row("endless name", "\x80\x02"
                            "c" +
                                std::string(5000, 'a') + "\n.");
        row("named bytes", "\x80\x02K\x01K\x02\x93."s);
    }
    void nonsenseIsOneClearError()
    {
        QFETCH(QByteArray, pickle);
        const auto message = refusalOf(pickle.toStdString());
        QVERIFY2(message.starts_with("case.pt"), message.c_str());
    }

    void protocolsWithoutBytesAreRead()
    {
        const auto file =
            parsePickle("(dp0\nVa\np1\nI-7\nsS'b'\np2\nI01\nsVc\np3\nL18446744073709551616L\nsVd\np4\nF-1.5\n"
                        "sVe\np5\n(g1\ng2\ntp6\nsVf\np7\n(lp8\nL9223372036854775807L\nasVg\np9\n(Vh\nNds."s);
        const auto* const dict = file.root().as<PtDict>();
        QVERIFY(dict != nullptr && dict->items.size() == 7);
        QCOMPARE(dict->find("a")->as<PtInteger>()->value, std::int64_t(-7));
        QVERIFY(*dict->find("b")->as<bool>());
        QCOMPARE(dict->find("c")->as<PtInteger>()->decimal, "18446744073709551616"s);
        QCOMPARE(*dict->find("d")->as<double>(), -1.5);
        QCOMPARE(*dict->find("e")->as<PtSequence>()->items.at(1)->as<std::string>(), "b"s);
        QCOMPARE(dict->find("f")->as<PtSequence>()->items.at(0)->as<PtInteger>()->value,
                 std::numeric_limits<std::int64_t>::max());
        QVERIFY(dict->find("g")->as<PtDict>()->find("h")->as<PtNone>() != nullptr);
    }

    void oldFilesAreReadInEveryProtocol()
    {
        const auto number = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s;
        const auto rest =
            "M\xe9\x03.}X\x0d\0\0\0little_endianI01\ns."
            "}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
            "0X\3\0\0\0cpuK\2tQK\0(K\2t(K\1tI00\nccollections\nOrderedDict\n)RtRs."
            "]X\1\0\0\0"
            "0a."s +
            raw<std::int64_t>(2) + raw(1.5f) + raw(2.0f);
        for (const auto& begin : {"L119547037146038801333356L\n."s, "\x80\x02"s + number, "\x80\x03"s + number,
                                  "\x80\x04\x95\x0d\0\0\0\0\0\0\0"s + number}) {
            const auto tensors = parse(begin + rest).stateDict();
            const auto& bytes = tensors.at("w").bytes;
            QCOMPARE(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), raw(1.5f) + raw(2.0f));
        }
    }

    void containersThatHoldThemselvesAreRead()
    {
        const auto file = parsePickle("\x80\x02]q\0h\0a."s);
        const auto* const list = file.root().as<PtSequence>();
        QVERIFY(list != nullptr && list->items.size() == 1 && list->items[0] == &file.root());
        QVERIFY(!errorOf([&] { file.stateDict(); }).empty());
    }

    void depthAndGrowthAreBounded()
    {
        QVERIFY(refusalOf("\x80\x02"s + std::string(300000, ']') + std::string(299999, 'a') + ".").empty());
        // A list of 200 000 items made a set 20 000 times over.
        std::string bomb = "\x80\x02"
                           "c__builtin__\nset\nq\1]q\0("s +
                           std::string(200000, 'N') + "e0";
        for (int i = 0; i < 20000; ++i)
            bomb += "h\1h\0\x85R0"s;
        QVERIFY(contains(refusalOf(bomb + "N."), "more objects"));
    }

    void aZipArchiveOfOtherThingsIsCalledWhatItIs()
    {
        const auto archive = errorOf([] {
            parse(zipOf({{"photos/", ""}, {"photos/a.jpg", "a"}, {"b.txt", "b"}, {"c", ""}, {"d", ""}}, 8));
        });
        QVERIFY2(contains(archive, "case.pt is a ZIP archive of 4 files (photos/a.jpg, b.txt, c...), not a file of "
                                   "torch.save: unpack it first"),
                 archive.c_str());
        const auto packed = errorOf([] { parse(zipOf({{"run/readme", ""}, {"run/model.safetensors", "x"}})); });
        QVERIFY2(contains(packed, "unpack it, and name run/model.safetensors"), packed.c_str());
        const auto names = errorOf([] { parse(zipOf({{"\xff\xfe.jpg", "a"}})); });
        QVERIFY2(contains(names, "\xef\xbf\xbd"), names.c_str()); // no bytes that no terminal takes
        QVERIFY(contains(errorOf([] { parse(zipOf({{"data/0", ""}, {"data.pkl", "\x80\x02}."}})); }), "packed again"));
        QVERIFY(contains(errorOf([] { parse("PK\5\6"s + std::string(18, '\0')); }), "is a ZIP archive"));
    }

    /// Written by hand as torch.save writes subclasses of tensors: _rebuild_from_type_v2(function, class, arguments,
    /// attributes), and what it calls for sparse, quantised and wrapper tensors.
    void tensorsOfAClassOfTheirOwnAreNamed()
    {
        const auto storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
                             "0X\3\0\0\0cpuK\2tQ"s;
        const auto arguments = "(" + storage + "K\0K\2\x85K\1\x85\x89"s + "ccollections\nOrderedDict\n)Rt";
        const auto plain = "ctorch._utils\n_rebuild_tensor_v2\n" + arguments + "R";
        const auto ofClass = [&](const std::string& type) {
            return "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\n" + type + arguments +
                   "}tR";
        };
        const auto item = [](char name, const std::string& value) { return "X\1\0\0\0"s + name + value; };
        const auto fileOf = [](const std::string& items) {
            return parse(
                zipOf({{"case/data.pkl", "\x80\x02}(" + items + "u."}, {"case/data/0", std::string(8, '\0')}}));
        };
        const auto own = ofClass("cmy.tensors\nInt8Tensor\n");
        const auto mixed = fileOf(item('a', plain) + item('b', own) + item('c', ofClass("ctorch\nTensor\n")) +
                                  item('d', "ctorch._utils\n_rebuild_qtensor\n)R") +
                                  item('e', "ctorch._utils\n_rebuild_wrapper_subclass\n(cmy.tensors\nPacked\ntR"));
        QCOMPARE(mixed.foreignTensors(),
                 (std::vector<std::string>{"b (my.tensors.Int8Tensor)", "d (torch._utils._rebuild_qtensor)",
                                           "e (my.tensors.Packed)"}));
        const auto tensors = mixed.stateDict(); // with attributes of its own, a plain tensor is one all the same
        QCOMPARE(tensors.size(), std::size_t{2});
        QCOMPARE(tensors.at("c").shape, (std::vector<std::int64_t>{2}));
        QVERIFY(fileOf(item('c', ofClass("ctorch\nTensor\n"))).foreignObjects().empty());
        const auto none = errorOf([&] { fileOf(item('a', own) + item('b', own)).stateDict(); });
        QVERIFY2(contains(none, "only 2 of a class of their own, such as a (my.tensors.Int8Tensor)"), none.c_str());
        // A parameter around one is one, and so is what lies deeper.
        const auto nested = fileOf(item(
            'm', "}(" + item('p', "ctorch._utils\n_rebuild_parameter\n(" + own + "\x88}tR") + item('q', plain) + "u"));
        QCOMPARE(nested.foreignTensors(), std::vector<std::string>{"m.p (my.tensors.Int8Tensor)"});
        QVERIFY(fileOf(item('a', plain)).foreignTensors().empty());
        const test::TemporaryFolder folder; // an encoder's weights are not taken without them
        test::writeText(folder / "pytorch_model.bin",
                        zipOf({{"case/data.pkl", "\x80\x02}(" + item('a', plain) + item('b', own) + "u."},
                               {"case/data/0", std::string(8, '\0')}}));
        const auto refused = errorOf([&] { readWeightsFile(folder / "pytorch_model.bin"); });
        QVERIFY2(contains(refused, "pytorch_model.bin holds 1 tensor of a class of their own, such as b (my.tensors"),
                 refused.c_str());
        for (const auto& nonsense :
             {"ctorch._tensor\n_rebuild_from_type_v2\n)R"s, "ctorch._tensor\n_rebuild_from_type_v2\n(K\1K\1K\1tR"s})
            QCOMPARE(fileOf(item('a', plain) + item('b', nonsense)).foreignTensors().size(), std::size_t{1});
    }

    void aDictionaryThatLiesInTooManyPlacesIsRefused()
    {
        const auto item = [](char name, const std::string& value) { return "X\1\0\0\0"s + name + value; };
        std::string dict = "}"; // of fifty keys each, all with the same value: a dictionary of the same kind
        for (char level = 1; level <= 4; ++level) {
            std::string items;
            for (char name = 'A'; name < 'A' + 50; ++name)
                items += item(name, name == 'A' ? dict + "q" + level : "h"s + level); // kept by number, and fetched
            dict = "}(" + items + "u";
        }
        const auto file = parse(zipOf({{"case/data.pkl", "\x80\x02" + dict + "."}}));
        for (const auto& message : {errorOf([&] { file.stateDicts(); }), errorOf([&] { file.foreignTensors(); })})
            QVERIFY2(contains(message, "case.pt holds the same dictionaries within others"), message.c_str());
    }

    void bigIntegersKeepTheirDigits()
    {
        const auto decimal = [](const std::string& bytes) {
            const auto file = parsePickle("\x80\x02\x8a"s + static_cast<char>(bytes.size()) + bytes + ".");
            const auto* const integer = file.root().as<PtInteger>();
            return integer->decimal.empty() ? std::to_string(integer->value) : integer->decimal;
        };
        QCOMPARE(decimal(""), "0"s);
        QCOMPARE(decimal("\xff"), "-1"s);
        QCOMPARE(decimal("\xff\0"s), "255"s);
        QCOMPARE(decimal("\0\0\0\0\0\0\0\x80"s), "-9223372036854775808"s);
        QCOMPARE(decimal(std::string(8, '\0') + "\1"), "18446744073709551616"s);
        QCOMPARE(decimal(std::string(8, '\0') + "\xff"), "-18446744073709551616"s);
    }

    void zipArchivesAreCheckedThroughout()
    {
        const std::vector<std::pair<std::string, std::string>> good = {{"case/data.pkl", "\x80\x02N."s}};
        QVERIFY(errorOf([&] { parse(zipOf(good)); }).empty());
        QVERIFY(contains(errorOf([&] { parse(zipOf(good, 8)); }), "compressed"));
        QVERIFY(contains(errorOf([&] { parse(zipOf({good[0], {"case/byteorder", "little"}}, 8)); }), "compressed"));
        QVERIFY(contains(errorOf([&] { parse(zipOf(good, 0, 1)); }), "encrypted"));
        QVERIFY(contains(errorOf([&] { parse(zipOf({good[0], good[0]})); }), "twice"));
        QVERIFY(contains(errorOf([&] { parse(zipOf({{"case/other", ""}})); }), "ZIP archive of 1 file (case/other)"));
        QVERIFY(contains(errorOf([&] { parse(zipOf({good[0], {"case/byteorder", "big"}})); }), "big-endian"));
        QVERIFY(contains(errorOf([&] { parse(zipOf({good[0], {"case/constants.pkl", ""}})); }), "TorchScript"));
        auto whole = zipOf(good);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const char flip : {'\x01', '\xff'}) {
                auto damaged = whole;
                damaged[at] = static_cast<char>(damaged[at] ^ flip);
                errorOf([&] { parse(damaged); }); // Anything but a crash.
            }
        }
    }
};

QTEST_APPLESS_MAIN(TorchFileTest)
#include "tst_torch_file.moc"
