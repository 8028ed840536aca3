#include "CJSON.h"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <cstring>
#include <new>
#include <random>
#include <string_view>
#include <vector>

struct cjson_document {
  simdjson::dom::parser parser;  // owns the bytes that string values point to
  std::vector<cjson_value> values;
};

namespace {

// Whether a string holds an encoded surrogate, which no UTF-8 text does: simdjson lets the escape of
// half a surrogate pair through.
bool holds_surrogate(std::string_view text) {
  for (size_t at = text.find('\xED'); at != text.npos; at = text.find('\xED', at + 1)) {
    if (at + 1 < text.size() && static_cast<uint8_t>(text[at + 1]) >= 0xA0) return true;
  }
  return false;
}

// Finds equal keys in one object. Open addressing; the hash is seeded at random per document, so a
// file cannot be built to make it slow.
class KeySet {
 public:
  KeySet() : seed_(std::random_device{}() | (uint64_t{std::random_device{}()} << 32)) {}

  // Prepares for up to `count` keys.
  void reset(size_t count) {
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    slots_.assign(slots, std::string_view());
  }

  // False when an equal key is there already.
  bool insert(std::string_view key) {
    const size_t mask = slots_.size() - 1;
    for (size_t slot = hash(key) & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot].data() == nullptr) {
        slots_[slot] = key;
        return true;
      }
      if (slots_[slot] == key) return false;
    }
  }

 private:
  static uint64_t fold(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  uint64_t hash(std::string_view key) const {
    uint64_t state = seed_ ^ key.size();
    while (!key.empty()) {
      uint64_t word = 0;
      const size_t taken = key.size() < 8 ? key.size() : 8;
      std::memcpy(&word, key.data(), taken);
      key.remove_prefix(taken);
      state = fold(state ^ word, seed_ ^ 0x9E3779B97F4A7C15u);
    }
    return fold(state, 0xD1B54A32D192ED03u);
  }

  uint64_t seed_;
  std::vector<std::string_view> slots_;
};

class Flattener {
 public:
  Flattener(std::vector<cjson_value> &values, size_t maximum_values)
      : values_(values), maximum_values_(maximum_values) {}

  // Whether every string so far is Unicode.
  bool is_unicode() const { return is_unicode_; }

  // Whether there are more values than allowed. The list may then be incomplete.
  bool is_full() const { return values_.size() > maximum_values_; }

  // Recursion is bounded by the depth that simdjson has checked.
  void append(simdjson::dom::element element) {
    using simdjson::dom::element_type;
    cjson_value value{};
    switch (element.type()) {
      case element_type::NULL_VALUE:
        value.kind = CJSON_NULL;
        break;
      case element_type::BOOL:
        value.kind = element.get_bool().value_unsafe() ? CJSON_TRUE : CJSON_FALSE;
        break;
      case element_type::INT64:
        value.kind = CJSON_INTEGER;
        value.payload.integer = element.get_int64().value_unsafe();
        break;
      case element_type::UINT64:
        value.kind = CJSON_UNSIGNED;
        value.payload.natural = element.get_uint64().value_unsafe();
        break;
      case element_type::DOUBLE:
        value.kind = CJSON_NUMBER;
        value.payload.number = element.get_double().value_unsafe();
        break;
      case element_type::STRING:
        value = string(element.get_string().value_unsafe());
        break;
      case element_type::ARRAY:
        append_array(element.get_array().value_unsafe());
        return;
      case element_type::OBJECT:
        append_object(element.get_object().value_unsafe());
        return;
    }
    values_.push_back(value);
  }

 private:
  cjson_value string(std::string_view text) {
    if (holds_surrogate(text)) is_unicode_ = false;
    cjson_value value{};
    value.kind = CJSON_STRING;
    value.count = static_cast<uint32_t>(text.size());
    value.payload.bytes = text.data();
    return value;
  }

  size_t open(cjson_kind kind) {
    cjson_value value{};
    value.kind = kind;
    values_.push_back(value);
    return values_.size() - 1;
  }

  void append_array(simdjson::dom::array array) {
    const size_t header = open(CJSON_ARRAY);
    uint32_t count = 0;
    for (simdjson::dom::element element : array) {
      if (is_full()) return;
      append(element);
      count += 1;
    }
    values_[header].count = count;
  }

  void append_object(simdjson::dom::object object) {
    const size_t header = open(CJSON_OBJECT);
    std::vector<size_t> keys;
    for (simdjson::dom::key_value_pair member : object) {
      if (is_full()) return;
      keys.push_back(values_.size());
      values_.push_back(string(member.key));
      append(member.value);
    }
    values_[header].count = static_cast<uint32_t>(keys.size());
    mark_duplicates(keys);
  }

  void mark_duplicates(const std::vector<size_t> &keys) {
    if (keys.size() < 2) return;
    seen_.reset(keys.size());
    for (size_t index : keys) {
      cjson_value &key = values_[index];
      if (!seen_.insert(std::string_view(key.payload.bytes, key.count))) {
        key.kind = CJSON_DUPLICATE_KEY;
      }
    }
  }

  std::vector<cjson_value> &values_;
  KeySet seen_;
  const size_t maximum_values_;
  bool is_unicode_ = true;
};

cjson_status parse(const char *text, size_t length, size_t maximum_depth,
                   size_t maximum_values, cjson_document &document) {
  // simdjson counts the document itself as one level.
  simdjson::error_code error = document.parser.allocate(length, maximum_depth + 1);
  simdjson::dom::element root;
  if (!error) error = document.parser.parse(text, length).get(root);
  switch (error) {
    case simdjson::SUCCESS: {
      // Most values take more text than this; the list grows when they do not.
      document.values.reserve(length / 16 + 1);
      Flattener flattener(document.values, maximum_values);
      flattener.append(root);
      if (flattener.is_full()) return CJSON_TOO_MANY_VALUES;
      return flattener.is_unicode() ? CJSON_OK : CJSON_MALFORMED;
    }
    case simdjson::DEPTH_ERROR:
      return CJSON_TOO_DEEP;
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return CJSON_OUT_OF_MEMORY;
    default:
      return CJSON_MALFORMED;
  }
}

}  // namespace

// No exception may reach Swift. The only ones possible here are std::bad_alloc and a missing
// source of random numbers.
cjson_status cjson_parse(const char *text, size_t length, size_t maximum_depth,
                         size_t maximum_values, cjson_document **document) {
  *document = nullptr;
  cjson_document *result = nullptr;
  cjson_status status = CJSON_OUT_OF_MEMORY;
  try {
    result = new cjson_document();
    status = parse(text, length, maximum_depth, maximum_values, *result);
  } catch (...) {
    status = CJSON_OUT_OF_MEMORY;
  }
  if (status == CJSON_OK) {
    *document = result;
  } else {
    delete result;
  }
  return status;
}

const cjson_value *cjson_values(const cjson_document *document) { return document->values.data(); }

size_t cjson_value_count(const cjson_document *document) { return document->values.size(); }

void cjson_free(cjson_document *document) { delete document; }
