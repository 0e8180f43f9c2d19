#include "core/io/pickle.h"

#include "core/io/big_endian.h"
#include "core/io/torch_objects.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace nanodit {

namespace {

/// Two's complement, little-endian, of any length, as decimal digits.
PtInteger integerFrom(std::span<const std::byte> bytes)
{
    if (bytes.size() <= 8) {
        std::int64_t value = 0;
        if (!bytes.empty() && std::to_integer<unsigned>(bytes.back()) >= 0x80)
            value = -1;
        std::memcpy(&value, bytes.data(), bytes.size());
        return {.value = value, .decimal = {}};
    }
    const bool negative = std::to_integer<unsigned>(bytes.back()) >= 0x80;
    std::vector<unsigned> magnitude;
    unsigned carry = 1;
    for (const auto byte : bytes) {
        auto digit = std::to_integer<unsigned>(byte);
        if (negative) {
            digit = (digit ^ 0xffu) + carry;
            carry = digit >> 8;
            digit &= 0xffu;
        }
        magnitude.push_back(digit);
    }
    std::string decimal;
    while (std::any_of(magnitude.begin(), magnitude.end(), [](unsigned digit) { return digit != 0; })) {
        unsigned rest = 0;
        for (auto digit = magnitude.rbegin(); digit != magnitude.rend(); ++digit) {
            const auto dividend = rest * 256 + *digit;
            *digit = dividend / 10;
            rest = dividend % 10;
        }
        decimal += static_cast<char>('0' + rest);
    }
    if (decimal.empty())
        return {};
    if (negative)
        decimal += '-';
    std::reverse(decimal.begin(), decimal.end());
    return {.value = 0, .decimal = std::move(decimal)};
}

class Machine {
public:
    Machine(std::span<const std::byte> bytes, const std::string& name, std::deque<PtValue>& values)
        : bytes_(bytes)
        , objects_(name)
        , values_(values)
    {
    }

    const PtValue* run()
    {
        for (;;) {
            const auto opcode = take<unsigned char>();
            if (opcode == '.')
                return pop();
            step(opcode);
        }
    }
    std::size_t consumed() const { return at_; }

private:
    [[noreturn]] void damaged(const std::string& what) const { objects_.damaged(what); }

    // ---------------------------------------------------------------------------------------------- reading

    std::span<const std::byte> takeBytes(std::uint64_t count)
    {
        if (count > bytes_.size() - at_)
            damaged("its pickle ends too early");
        const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
        at_ += static_cast<std::size_t>(count);
        return taken;
    }
    template<typename Number>
    Number take()
    {
        Number number{};
        std::memcpy(&number, takeBytes(sizeof number).data(), sizeof number);
        return number;
    }
    std::string takeText(std::uint64_t count)
    {
        const auto text = takeBytes(count);
        return {reinterpret_cast<const char*>(text.data()), text.size()};
    }
    /// Up to the line's end, which is left out.
    std::string takeLine(std::size_t longest = 1000)
    {
        const auto* const begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
        const std::string_view rest(begin, bytes_.size() - at_);
        const auto end = rest.find('\n');
        if (end == std::string_view::npos || end > longest)
            damaged("its pickle ends too early");
        at_ += end + 1;
        return std::string(rest.substr(0, end));
    }
    /// A number in digits, as protocols 0 and 1 write it.
    template<typename Number>
    Number numberIn(const std::string& digits) const
    {
        Number number{};
        const auto* const end = digits.data() + digits.size();
        if (const auto read = std::from_chars(digits.data(), end, number);
            read.ec == std::errc::invalid_argument || read.ptr != end)
            damaged("its pickle has another thing where a number is expected");
        return number;
    }
    PtInteger integerIn(std::string digits) const
    {
        constexpr std::size_t alwaysFit = 18; // digits and sign in 64 bits
        if (digits.ends_with('L'))
            digits.pop_back();
        if (digits.size() <= alwaysFit)
            return {.value = numberIn<std::int64_t>(digits), .decimal = {}};
        if (digits.find_first_not_of("0123456789", digits.starts_with('-') ? 1 : 0) != std::string::npos)
            damaged("its pickle has another thing where a number is expected");
        std::int64_t value = 0;
        const bool fits =
            std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc::result_out_of_range;
        return fits ? PtInteger{.value = value, .decimal = {}} : PtInteger{.value = 0, .decimal = std::move(digits)};
    }
    /// What stands between quotes in a line. Escapes stay as they are: no name of a tensor has any.
    std::string quotedIn(const std::string& line) const
    {
        if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"'))
            damaged("its pickle has a text without quotes");
        return line.substr(1, line.size() - 2);
    }

    // ---------------------------------------------------------------------------------------------- stack

    void push(PtValue* value) { stack_.push_back(value); }
    void pushNew(PtValue value)
    {
        objects_.spend(1);
        push(&values_.emplace_back(std::move(value)));
    }
    template<typename Content>
    void pushNew(Content content)
    {
        pushNew(PtValue{std::move(content)});
    }
    PtValue* pop()
    {
        auto* const value = top();
        stack_.pop_back();
        return value;
    }
    /// Not below the last mark.
    PtValue* top() const
    {
        if (stack_.empty() || (!marks_.empty() && marks_.back() >= stack_.size()))
            damaged("its pickle takes more than it gave");
        return stack_.back();
    }
    /// Everything above the last mark.
    std::vector<PtValue*> popToMark()
    {
        if (marks_.empty() || marks_.back() > stack_.size())
            damaged("its pickle lacks a mark");
        const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        marks_.pop_back();
        std::vector<PtValue*> items(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        return items;
    }
    template<typename Content>
    Content& contentOf(PtValue* value, const char* expected) const
    {
        auto* const content = std::get_if<Content>(&value->content);
        if (content == nullptr)
            damaged(std::string("its pickle has another thing where ") + expected + " is expected");
        return *content;
    }
    PtSequence tuple(std::size_t count)
    {
        PtSequence sequence{.kind = PtSequence::Kind::Tuple, .items = std::vector<const PtValue*>(count)};
        for (auto i = count; i-- > 0;)
            sequence.items[i] = pop();
        return sequence;
    }
    PtSequence sequenceToMark(PtSequence::Kind kind)
    {
        const auto items = popToMark();
        return {.kind = kind, .items = {items.begin(), items.end()}};
    }
    void append(const std::vector<PtValue*>& items)
    {
        if (top()->as<PtForeign>() != nullptr)
            return; // What a foreign object would hold is not kept.
        auto& sequence = contentOf<PtSequence>(top(), "a list");
        if (sequence.kind != PtSequence::Kind::List && sequence.kind != PtSequence::Kind::Set)
            damaged("its pickle appends to a tuple");
        sequence.items.insert(sequence.items.end(), items.begin(), items.end());
    }
    void setItems(const std::vector<PtValue*>& items)
    {
        if (items.size() % 2 != 0)
            damaged("its pickle has a key without a value");
        if (top()->as<PtForeign>() != nullptr)
            return;
        auto& dict = contentOf<PtDict>(top(), "a dictionary");
        for (std::size_t i = 0; i < items.size(); i += 2)
            dict.items.emplace_back(items[i], items[i + 1]);
    }
    void memoize(std::uint32_t index)
    {
        objects_.spend(1);
        memo_.insert_or_assign(index, top());
    }
    void recall(std::uint32_t index)
    {
        const auto found = memo_.find(index);
        if (found == memo_.end())
            damaged("its pickle refers to what it never made");
        push(found->second);
    }

    void call()
    {
        const auto* const arguments = pop();
        const auto* const callee = pop();
        if (const auto* const foreign = callee->as<PtForeign>())
            return pushNew(objects_.callForeign(*foreign, *arguments));
        const auto* const sequence = arguments->as<PtSequence>();
        if (callee->as<PtConstant>() == nullptr || sequence == nullptr || sequence->kind != PtSequence::Kind::Tuple)
            damaged("its pickle calls what cannot be called");
        pushNew(objects_.call(*callee->as<PtConstant>(), *sequence));
    }
    /// What a class that is none of ours would make.
    void makeForeign(const PtValue* type)
    {
        const auto* const foreign = type->as<PtForeign>();
        if (foreign == nullptr)
            damaged("its pickle makes an object of what is not a class");
        pushNew(*foreign);
    }
    void setAttributes()
    {
        pop(); // State dicts carry {"_metadata": ...} as an attribute; nothing here needs it.
        if (top()->as<PtDict>() == nullptr && top()->as<PtForeign>() == nullptr)
            objects_.refuse("sets attributes of an object");
    }

    void step(unsigned char opcode);
    void stepData(unsigned char opcode);

    std::span<const std::byte> bytes_;
    TorchObjects objects_;
    std::deque<PtValue>& values_;
    std::size_t at_ = 0;
    std::vector<PtValue*> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint32_t, PtValue*> memo_;
};

/// Opcodes as in CPython's pickletools.
void Machine::step(unsigned char opcode)
{
    switch (opcode) {
    case 0x80: // PROTO
        if (const int protocol = take<unsigned char>(); protocol > 5)
            damaged("its pickle has protocol " + std::to_string(protocol) + "; 0 to 5 are read");
        return;
    case 0x95: // FRAME
        take<std::uint64_t>();
        return;
    case '(': // MARK
        marks_.push_back(stack_.size());
        return;
    case '0': // POP
        pop();
        return;
    case '1': // POP_MARK
        popToMark();
        return;
    case '2': // DUP
        return push(top());
    case ']': // EMPTY_LIST
        return pushNew(PtSequence{.kind = PtSequence::Kind::List, .items = {}});
    case ')': // EMPTY_TUPLE
        return pushNew(PtSequence{.kind = PtSequence::Kind::Tuple, .items = {}});
    case '}': // EMPTY_DICT
        return pushNew(PtDict{});
    case 0x8f: // EMPTY_SET
        return pushNew(PtSequence{.kind = PtSequence::Kind::Set, .items = {}});
    case 0x85: // TUPLE1
    case 0x86: // TUPLE2
    case 0x87: // TUPLE3
        return pushNew(tuple(opcode - 0x84u));
    case 't': // TUPLE
        return pushNew(sequenceToMark(PtSequence::Kind::Tuple));
    case 'l': // LIST
        return pushNew(sequenceToMark(PtSequence::Kind::List));
    case 0x91: // FROZENSET
        return pushNew(sequenceToMark(PtSequence::Kind::FrozenSet));
    case 'd': { // DICT
        const auto items = popToMark();
        pushNew(PtDict{});
        return setItems(items);
    }
    case 'a': // APPEND
        return append({pop()});
    case 'e':  // APPENDS
    case 0x90: // ADDITEMS
        return append(popToMark());
    case 's': { // SETITEM
        auto* const value = pop();
        auto* const key = pop();
        return setItems({key, value});
    }
    case 'u': // SETITEMS
        return setItems(popToMark());
    case 'q': // BINPUT
        return memoize(take<unsigned char>());
    case 'p': // PUT
        return memoize(numberIn<std::uint32_t>(takeLine()));
    case 'r': // LONG_BINPUT
        return memoize(take<std::uint32_t>());
    case 0x94: // MEMOIZE
        return memoize(static_cast<std::uint32_t>(memo_.size()));
    case 'h': // BINGET
        return recall(take<unsigned char>());
    case 'g': // GET
        return recall(numberIn<std::uint32_t>(takeLine()));
    case 'j': // LONG_BINGET
        return recall(take<std::uint32_t>());
    case 'c': { // GLOBAL
        const auto module = takeLine();
        return pushNew(objects_.global(module, takeLine()));
    }
    case 0x93: { // STACK_GLOBAL
        const auto name = contentOf<std::string>(pop(), "a name");
        return pushNew(objects_.global(contentOf<std::string>(pop(), "a name"), name));
    }
    case 'R': // REDUCE
        return call();
    case 'b': // BUILD
        return setAttributes();
    case 0x81: // NEWOBJ
        pop();
        return makeForeign(pop());
    case 0x92: // NEWOBJ_EX
        pop();
        pop();
        return makeForeign(pop());
    case 'o': { // OBJ
        const auto items = popToMark();
        if (items.empty())
            damaged("its pickle makes an object of no class");
        return makeForeign(items.front());
    }
    case 'i': { // INST
        const auto module = takeLine();
        const auto type = PtValue{objects_.global(module, takeLine())};
        popToMark();
        return makeForeign(&type);
    }
    case 'Q': // BINPERSID
        return pushNew(objects_.storage(*pop()));
    default:
        return stepData(opcode);
    }
}

void Machine::stepData(unsigned char opcode)
{
    constexpr std::size_t longestText = 10'000'000; // of a line
    switch (opcode) {
    case 'I': { // INT, and how protocols 0 and 1 write truth
        const auto digits = takeLine();
        if (digits == "00" || digits == "01")
            return pushNew(digits == "01");
        return pushNew(integerIn(digits));
    }
    case 'L': // LONG
        return pushNew(integerIn(takeLine()));
    case 'F': // FLOAT
        return pushNew(numberIn<double>(takeLine()));
    case 'S': // STRING, Python 2's
        return pushNew(quotedIn(takeLine(longestText)));
    case 'V': // UNICODE
        return pushNew(takeLine(longestText));
    case 'N': // NONE
        return pushNew(PtNone{});
    case 0x88: // NEWTRUE
    case 0x89: // NEWFALSE
        return pushNew(opcode == 0x88);
    case 'J': // BININT
        return pushNew(PtInteger{.value = take<std::int32_t>(), .decimal = {}});
    case 'K': // BININT1
        return pushNew(PtInteger{.value = take<unsigned char>(), .decimal = {}});
    case 'M': // BININT2
        return pushNew(PtInteger{.value = take<std::uint16_t>(), .decimal = {}});
    case 0x8a: // LONG1
        return pushNew(integerFrom(takeBytes(take<unsigned char>())));
    case 0x8b: {                               // LONG4
        constexpr std::int32_t longest = 1000; // bytes; nothing that belongs to weights is as long
        const auto length = take<std::int32_t>();
        if (length < 0 || length > longest)
            damaged("its pickle holds a number of " + std::to_string(length) + " bytes");
        return pushNew(integerFrom(takeBytes(static_cast<std::uint64_t>(length))));
    }
    case 'G': { // BINFLOAT: big-endian
        const auto bits = takeBytes(8);
        const auto value = (std::uint64_t{bigEndian32(bits, 0)} << 32) | bigEndian32(bits, 4);
        double number = 0;
        std::memcpy(&number, &value, sizeof number);
        return pushNew(number);
    }
    case 'X': // BINUNICODE
        return pushNew(takeText(take<std::uint32_t>()));
    case 0x8c: // SHORT_BINUNICODE
        return pushNew(takeText(take<unsigned char>()));
    case 0x8d: // BINUNICODE8
        return pushNew(takeText(take<std::uint64_t>()));
    case 'T': // BINSTRING, Python 2's
        return pushNew(takeText(take<std::uint32_t>()));
    case 'U': // SHORT_BINSTRING
        return pushNew(takeText(take<unsigned char>()));
    case 'B': // BINBYTES
        return pushNew(PtBytes{.bytes = takeText(take<std::uint32_t>()), .isArray = false});
    case 'C': // SHORT_BINBYTES
        return pushNew(PtBytes{.bytes = takeText(take<unsigned char>()), .isArray = false});
    case 0x8e: // BINBYTES8
        return pushNew(PtBytes{.bytes = takeText(take<std::uint64_t>()), .isArray = false});
    case 0x96: // BYTEARRAY8
        return pushNew(PtBytes{.bytes = takeText(take<std::uint64_t>()), .isArray = true});
    default:
        damaged("its pickle holds the instruction " + std::to_string(opcode) + ", which is not read here");
    }
}

} // namespace

const PtValue* readPickle(std::span<const std::byte> bytes, const std::string& name, std::deque<PtValue>& values,
                          std::size_t& consumed)
{
    Machine machine(bytes, name, values);
    const auto* const value = machine.run();
    consumed = machine.consumed();
    return value;
}

} // namespace nanodit
