#pragma once

#include <cstdint>

#include "core/keyspace/entry.h"

namespace replete {

// The exact order of a small shard's entries, newest first, through the links of the kOrder
// extension. LRU when every use calls MoveToFront, FIFO when none does. Under the shard's lock.
class OrderList {
 public:
  void PushFront(Entry* entry) {
    entry->set_link(entry->order_next(), Link(head_));
    entry->set_link(entry->order_previous(), 0);
    if (head_ != nullptr) head_->set_link(head_->order_previous(), Link(entry));
    head_ = entry;
    if (tail_ == nullptr) tail_ = entry;
  }
  void Remove(Entry* entry) { Join(Previous(entry), Next(entry)); }
  void MoveToFront(Entry* entry) {
    if (entry == head_) return;
    Remove(entry);
    PushFront(entry);
  }
  // `entry` takes the place of an entry that had these neighbours (see Previous, Next).
  void Insert(Entry* entry, Entry* previous, Entry* next) {
    entry->set_link(entry->order_next(), Link(next));
    entry->set_link(entry->order_previous(), Link(previous));
    if (previous != nullptr) {
      previous->set_link(previous->order_next(), Link(entry));
    } else {
      head_ = entry;
    }
    if (next != nullptr) {
      next->set_link(next->order_previous(), Link(entry));
    } else {
      tail_ = entry;
    }
  }
  Entry* oldest() const { return tail_; }
  static Entry* Previous(const Entry* entry) {
    return reinterpret_cast<Entry*>(entry->link(entry->order_previous()));
  }
  static Entry* Next(const Entry* entry) {
    return reinterpret_cast<Entry*>(entry->link(entry->order_next()));
  }

 private:
  static uint64_t Link(const Entry* entry) { return reinterpret_cast<uint64_t>(entry); }
  void Join(Entry* previous, Entry* next) {
    if (previous != nullptr) {
      previous->set_link(previous->order_next(), Link(next));
    } else {
      head_ = next;
    }
    if (next != nullptr) {
      next->set_link(next->order_previous(), Link(previous));
    } else {
      tail_ = previous;
    }
  }

  Entry* head_ = nullptr;
  Entry* tail_ = nullptr;
};

}  // namespace replete
